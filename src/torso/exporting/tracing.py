"""From a module to a traced program and an ONNX graph, with names for all that varies."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from torso.core.errors import ConfigError
from torso.exporting.graph import RunGraph
from torso.exporting.plain import as_operators, fill_operators
from torso.exporting.ports import BATCH, InputPort

if TYPE_CHECKING:
    import onnx_ir as ir

__all__ = ["onnx_graph", "quiet", "reach", "traced"]

_OPSET = 20
_TALKERS = (
    "torch.__trace",
    "torch.onnx._internal.exporter._registration",
    "torch._export.serde.serialize",
)


def traced(
    graph: RunGraph, example: Mapping[str, Tensor], *, for_onnx: bool = False
) -> ExportedProgram:
    """Return the program that a module runs on rows of any number and length.

    Args:
        graph: of a run.
        example: name -> tensor, of a few rows.
        for_onnx: trees are placeholders that `onnx_graph` fills, since ONNX has an operator of them.

    Raises:
        ConfigError: a part cannot be traced; the message names it.
    """
    sizes: dict[str, dict[int, object]] = {}
    module: nn.Module = _Positional(graph) if for_onnx else graph
    if not for_onnx:
        _check_names([*graph.inputs, *graph.outputs])
    batch = Dim(BATCH)
    for name, port in graph.inputs.items():
        sizes[name] = {
            side: batch if length == BATCH else Dim.AUTO
            for side, length in enumerate(port.shape)
            if isinstance(length, str)
        }
    try:
        with torch.no_grad(), quiet(), as_operators(graph) if for_onnx else nullcontext():
            given: object = dict(example)
            shapes: object = sizes
            if for_onnx:
                given, shapes = [example[name] for name in sizes], [*sizes.values()]
            return torch.export.export(
                module, (given,), dynamic_shapes={"inputs": shapes}, strict=False
            )
    except Exception as error:  # every obstacle raises an error of its own kind
        first = str(error).strip().splitlines()[0] if str(error).strip() else ""
        raise ConfigError(
            f"The run cannot be exported: torch.export cannot trace it ({type(error).__name__}: {first:.300})."
        ) from error


class _Positional(nn.Module):
    """A graph whose tensors have places instead of names, which torch would write into code.

    Args:
        graph: it.
    """

    def __init__(self, graph: RunGraph) -> None:
        super().__init__()
        self.whole = graph

    def forward(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Return the answers in the order of the graph's outputs."""
        answers = self.whole(dict(zip(self.whole.inputs, inputs, strict=True)))
        return [answers[name] for name in self.whole.outputs]


def _check_names(names: Sequence[str]) -> None:
    """Refuse names that torch cannot write into the code of a program.

    Raises:
        ConfigError: names the first of them.
    """
    for name in names:
        if any(sign in name for sign in "\"'\\\n"):
            raise ConfigError(
                f"A traced program cannot have a tensor named {name!r}: quotes and backslashes are part of its code. "
                "Rename the column, or name a file that ends with .onnx."
            )


def reach(program: ExportedProgram, ports: Mapping[str, InputPort]) -> dict[str, InputPort]:
    """Return name -> port with the least length that a program takes.

    Args:
        program: traced.
        ports: of its inputs, in their order.

    Raises:
        ConfigError: a side that varies was taken for a constant.
    """
    known: dict[str, InputPort] = {}
    for (name, port), value in zip(ports.items(), _taken(program), strict=True):
        least = 1
        for side, length in zip(value.shape, port.shape, strict=True):
            if not isinstance(length, str):
                continue
            symbol = getattr(side, "node", None)
            if symbol is None:
                raise ConfigError(
                    f"The run cannot be exported: its parts take {length} of {name!r} for the constant {side}."
                )
            if length != BATCH:
                limits = program.range_constraints.get(symbol.expr)
                least = max(least, 1 if limits is None else int(limits.lower))
        known[name] = replace(port, least=least)
    return known


def onnx_graph(
    program: ExportedProgram, graph: RunGraph, ports: Mapping[str, InputPort]
) -> ir.Model:
    """Return the ONNX graph of a traced program, with the names of its ports.

    Args:
        program: traced.
        graph: that was traced.
        ports: of its inputs, in their order.

    Raises:
        ConfigError: an operation has no counterpart in ONNX.
    """
    import onnx_ir as ir

    try:
        with torch.no_grad(), quiet():  # loops are traced once more, and no gradient passes them
            made = torch.onnx.export(program, dynamo=True, verbose=False, opset_version=_OPSET)
    except Exception as error:
        cause = error.__cause__ or error
        first = str(cause).strip().splitlines()[0] if str(cause).strip() else ""
        raise ConfigError(
            f"The run cannot be exported to ONNX ({type(cause).__name__}: {first:.300}). "
            "A traced program holds it: name a file that ends with .pt2."
        ) from error
    assert made is not None  # with dynamo it never is
    fill_operators(made.model, graph)
    _name_sides(made.model, ports)
    _name_ports(made.model, [*ports], [*graph.outputs])
    for node in ir.traversal.RecursiveGraphIterator(made.model.graph):
        node.metadata_props.clear()  # lines and paths of the code that was traced
    return made.model


def _taken(program: ExportedProgram) -> list[Tensor]:
    """Return the inputs of a program as it knows them, in order."""
    users = program.graph_signature.user_inputs
    nodes = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    return [nodes[str(name)].meta["val"] for name in users]


def _name_sides(model: ir.Model, ports: Mapping[str, InputPort]) -> None:
    """Replace the symbols of a trace by the names of the sides."""
    import onnx_ir as ir

    names: dict[str, str] = {}
    for value, port in zip(model.graph.inputs, ports.values(), strict=True):
        assert value.shape is not None
        for side, length in zip(value.shape, port.shape, strict=True):
            if isinstance(length, str) and not isinstance(side, int):
                names.setdefault(str(side.value), length)
    symbol = re.compile(r"\b(" + "|".join(map(re.escape, names)) + r")\b")

    def named(side: int | ir.SymbolicDim) -> int | ir.SymbolicDim:
        if isinstance(side, int) or side.value is None:
            return side
        if side.value in names:
            return ir.SymbolicDim(names[side.value])
        return ir.SymbolicDim(None) if symbol.search(side.value) else side

    for value in _values(model):
        if value.shape is not None:
            value.shape = ir.Shape([named(side) for side in value.shape])


def _name_ports(model: ir.Model, inputs: list[str], outputs: list[str]) -> None:
    """Give the ends of a graph their names, and values inside that have one of these another."""
    taken, ends = {*inputs, *outputs}, [*model.graph.inputs, *model.graph.outputs]
    known = {id(value) for value in ends}
    for value in _values(model):
        if id(value) not in known and value.name in taken:
            value.name = f"{value.name}.inside"
    for value, name in zip(ends, [*inputs, *outputs], strict=True):
        value.name = name


def _values(model: ir.Model) -> Iterator[ir.Value]:
    """Yield the values of a graph and of the bodies of its loops."""
    import onnx_ir as ir

    for graph in (model.graph, *model.graph.subgraphs()):
        yield from graph.inputs
        yield from [*graph.initializers.values()]
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        yield from node.outputs


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back the notes of torch to its own authors."""
    loggers = [logging.getLogger(name) for name in _TALKERS]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled

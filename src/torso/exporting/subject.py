"""A run taken apart for an export: its modules on the CPU, the names of its tensors, and its own answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from torso.core.errors import ConfigError
from torso.encoders import Encoder
from torso.exporting.example import Rows, Sampler
from torso.exporting.flat_rows import flat_layout, moved_columns, plain_ports, with_columns
from torso.exporting.graph import RunGraph, with_tokens
from torso.exporting.layout import layouts
from torso.exporting.plain import FilledColumns, PlainGraph
from torso.exporting.ports import InputPort, OutputPort, input_ports, output_ports
from torso.model.model import Model
from torso.plain.blend import PlainHalf
from torso.runs.predicting.predictor import Predictor
from torso.tasks import Head

__all__ = ["Subject"]


@dataclass(frozen=True, eq=False)
class Subject:
    """A run that is exported.

    Attributes:
        run: as it is.
        model: a copy of its networks and heads, float32, on the CPU.
        plain: its plain models, if they take part in any answer.
        sampler: draws rows for it.
        inputs: name -> port.
        outputs: name -> port.
        example: rows of a trace.
    """

    run: Predictor
    model: Model
    plain: PlainHalf | None
    sampler: Sampler
    inputs: Mapping[str, InputPort]
    outputs: Mapping[str, OutputPort]
    example: Rows

    @classmethod
    def of(cls, run: Predictor) -> Subject:
        """Return a run taken apart.

        Raises:
            ConfigError: a part of it cannot be exported, or two tensors would have one name.
        """
        _check_parts(run, run.model, "not_exportable", ".safetensors")
        model = deepcopy(run.model).cpu().float().eval()
        plain = run.plain
        if plain is not None and not any(task.blends for task in plain.tasks.values()):
            plain = None
        flat = None if plain is None else flat_layout(plain, run.schema)
        _, trunk = next(model.trunks.pairs())
        laid = layouts(run.schema, run.config, dict(trunk.encoders.pairs()))
        sampler = Sampler(laid, flat)
        inputs, example = input_ports(sampler.laid), sampler.traced()
        if flat is not None:
            inputs |= plain_ports(flat)
        with torch.no_grad():
            # columns of tokens are gaps here: names and shapes are the same
            answers = _answered(model, plain, example, model(example.features))
        outputs = output_ports(answers, inputs, len(example))
        return cls(run, model, plain, sampler, inputs, outputs, example)

    @property
    def reads_tokens(self) -> bool:
        """Plain models read tokens of frozen encoders."""
        return self.plain is not None and bool(self.plain.view.encoded)

    def check_onnx(self) -> None:
        """Refuse a run with parts that ONNX has no operators for.

        Raises:
            ConfigError: names them, with the reasons that their classes state.
        """
        _check_parts(self.run, self.model, "not_in_onnx", ".pt2")

    def graph(self) -> RunGraph:
        """Return the module that a graph is made of."""
        model = deepcopy(self.model)  # what it is compared with stays as it is in the run
        for _, head in model.heads.pairs():
            head.hold_still()
        plain = filled = None
        if self.plain is not None:
            plain = PlainGraph(self.plain, dict(model.heads.pairs()))
            if made := self.plain.view.encoded:
                filled = FilledColumns(made, self.plain.view.columns)
        return _own(RunGraph(model, self.inputs, self.outputs, plain, filled).eval())

    def eager(self, rows: Rows) -> dict[str, Tensor]:
        """Return name -> answer, as the run itself gives it."""
        (said,) = self.moved(rows, [0.0])
        return said

    def moved(self, rows: Rows, amounts: Sequence[float]) -> Iterator[dict[str, Tensor]]:
        """Yield name -> answer of the run if the columns that are made of tokens were a little different.

        Args:
            rows: as the run reads them.
            amounts: for each answer, the most by which such a column moves, as a share of its largest number.
        """
        draws = np.random.default_rng(0)
        with torch.no_grad():
            features = with_tokens(self.model, rows.features)
            raw = self.model(features)
            for amount in amounts:
                own = rows
                if self.plain is not None and rows.flat is not None:
                    flat = with_columns(self.plain, rows.flat, features)
                    own = replace(rows, flat=moved_columns(self.plain, flat, amount, draws))
                said = _answered(self.model, self.plain, own, raw)
                yield {
                    name: said[port.task][1][port.detail] if port.detail else said[port.task][0]
                    for name, port in self.outputs.items()
                }


def _own(graph: RunGraph) -> RunGraph:
    """Return a graph whose buffers share no memory: torch saves shared ones with a warning."""
    for module in graph.modules():
        for name, buffer in [*module.named_buffers(recurse=False)]:
            setattr(module, name, buffer.clone())
    return graph


def _answered(
    model: Model, plain: PlainHalf | None, rows: Rows, raw: dict[str, Tensor]
) -> dict[str, tuple[Tensor, dict[str, Tensor]]]:
    """Return task -> prediction and details.

    Args:
        model: of the run.
        plain: its plain models.
        rows: in the flat view, whole.
        raw: outputs of the networks.
    """
    heads = dict(model.heads.pairs())
    if plain is not None:
        assert rows.flat is not None
        assert rows.known is not None
        raw = plain.outputs(heads, raw, rows.flat, rows.known)
    return {task: head.answer(raw[task]) for task, head in heads.items()}


def _check_parts(run: Predictor, model: Model, attribute: str, instead: str) -> None:
    """Refuse a run with parts that cannot be exported.

    Args:
        run: as it is.
        model: of the run.
        attribute: in which classes state their reasons.
        instead: ending of files that can hold it.

    Raises:
        ConfigError: names the parts, with the reasons.
    """
    reasons = {
        _part_name(module): reason
        for module in model.modules()
        if (reason := _reason(module, attribute))
    }
    if reasons:
        listed = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        listed += "".join(_other_encoders(run, attribute))
        can = "Its weights can" if instead == ".safetensors" else "A traced program can"
        raise ConfigError(
            f"The run cannot be exported as {'a' if instead == '.safetensors' else 'an ONNX'} graph. {listed}. "
            f"{can}: name a file that ends with {instead}."
        )


def _other_encoders(run: Predictor, attribute: str) -> Iterator[str]:
    """Yield, for each encoder that states a reason, the setting that reads its modality by the usual one.

    Args:
        run: as it is.
        attribute: in which classes state their reasons.
    """
    _, trunk = next(run.model.trunks.pairs())
    for name, encoder in trunk.encoders.pairs():
        usual = run.schema.encoder(name).name
        if _reason(encoder, attribute) and not getattr(Encoder.registry.find(usual), attribute, ""):
            short = usual.removeprefix(f"{encoder.form}/")
            yield f". The usual encoder can be exported: fit with --set encoders.{name}={short}"


def _reason(module: nn.Module, attribute: str) -> str:
    """Return why a part cannot be exported; heads say it for their settings."""
    if attribute == "not_exportable" and isinstance(module, Head):
        return module.obstacle()
    return str(getattr(module, attribute, ""))


def _part_name(module: nn.Module) -> str:
    """Return the name under which a part is filed, such as `head tags/crf`."""
    registry = getattr(type(module), "registry", None)
    if registry is not None:
        for name, kind in registry.items():
            if kind is type(module):
                return f"{registry.room} {name}"
    return type(module).__name__

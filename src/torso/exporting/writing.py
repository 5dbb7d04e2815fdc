"""`torso.export`: a run as one file that answers without the code that trained it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from torso.core.errors import ConfigError
from torso.core.whole_files import json_text, whole_file, write_whole
from torso.exporting.checking import Checked, compare
from torso.exporting.costs import Costs, measured
from torso.exporting.description import about_run, described
from torso.exporting.lighter import Precision, check_precision, lighter
from torso.exporting.onnx_file import CheckedGraph, checked_graph, session
from torso.exporting.other_files import checked_program, write_program, write_weights
from torso.exporting.packages import require_onnx
from torso.exporting.places import check_place
from torso.exporting.ports import InputPort, OutputPort
from torso.exporting.subject import Subject
from torso.runs.predicting.asked import Roots
from torso.runs.predicting.load import load
from torso.runs.predicting.predictor import Predictor
from torso.runtime.container import parsed, stamped

__all__ = ["Written", "export"]


@dataclass(frozen=True, eq=False)
class Written:
    """A run that was written as one file.

    Attributes:
        path: of the file.
        size: its bytes.
        inputs: name -> tensor that it takes; empty for weights alone.
        outputs: name -> tensor that it gives; likewise.
        checked: how it compares with the run, in float32; None for weights alone.
        costs: of a lighter precision; None for float32.
    """

    path: Path
    size: int
    inputs: Mapping[str, InputPort]
    outputs: Mapping[str, OutputPort]
    checked: Checked | None
    costs: Costs | None = None


def export(
    run: str | Path | Predictor,
    out: str | Path,
    *,
    precision: Precision = "float32",
    table: object = None,
    root: Roots = (),
    overwrite: bool = False,
) -> Written:
    """Write a run as one file whose answers were compared with the run's.

    Args:
        run: a run, or its folder.
        out: file to write, by its ending: `.onnx`, `.pt2` (a program of torch.export) or `.safetensors` (weights).
        precision: of an ONNX graph. `bfloat16` and `float16` keep weights in 16 bits, `int8` computes products with integers.
        table: that the run was fitted on, to score a lighter graph on the rows that the run held out.
        root: folders or zips that its file columns are relative to.
        overwrite: replace a file that is there.

    Raises:
        RunError: there is no run.
        ConfigError: a part cannot be exported, the graph answers otherwise, or the file cannot be written.
        MissingDependency: a package of the extra `export` is absent.
    """
    path = Path(out).expanduser()
    check_place(path, overwrite=overwrite)
    check_precision(precision)
    if precision != "float32" and path.suffix != ".onnx":
        raise ConfigError(
            f"`precision` {precision!r} is for files that end with .onnx. Found {str(path)!r}."
        )
    if path.suffix == ".onnx":  # absent packages are told before the work
        require_onnx()
    if not isinstance(run, Predictor):
        run = load(run, device="cpu")
    if path.suffix == ".safetensors":
        write_weights(path, run.model, about_run(run))
        return Written(path, path.stat().st_size, {}, {}, None)
    subject = Subject.of(run)
    if path.suffix == ".pt2":
        made = checked_program(subject)
        write_program(path, made, described(subject, made.inputs, made.checked))
        return Written(path, path.stat().st_size, made.inputs, subject.outputs, made.checked)
    return _onnx(path, subject, precision, table, root)


def _onnx(
    path: Path, subject: Subject, precision: Precision, table: object, root: Roots
) -> Written:
    graph, costs = checked_graph(subject), None
    content = lighter(graph.content, precision)
    if precision != "float32":
        costs = _costs(subject, graph, content, precision)
        if table is not None:
            both = session(graph.content), session(content)
            split, tasks = measured(subject, both, graph.inputs, table, root)
            costs = replace(costs, split=split, tasks=tasks)
    description = described(subject, graph.inputs, graph.checked, costs)
    whole = stamped(content, description, _arrays(subject))
    with whole_file(path) as draft:
        draft.write_bytes(whole)
    told = parsed(whole, str(path)).description
    write_whole(path.with_suffix(".json"), json_text(told, indent=2) + "\n")
    return Written(path, len(whole), graph.inputs, subject.outputs, graph.checked, costs)


def _costs(subject: Subject, graph: CheckedGraph, content: bytes, precision: Precision) -> Costs:
    compared = compare(session(content), subject, graph.inputs)
    return Costs(precision, (len(content), len(graph.content)), compared.differences)


def _arrays(subject: Subject) -> dict[str, np.ndarray]:
    """Return name -> array of all that a table needs besides JSON to be read."""
    if subject.plain is None:
        return {}
    _, arrays = subject.plain.view.state()
    return {f"view/{name}": array for name, array in arrays.items()}

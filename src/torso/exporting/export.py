"""`torso.export`: a run as one file that answers without Torso's training code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torso.core.whole_files import json_text, whole_file, write_whole
from torso.exporting.checking import Checked
from torso.exporting.description import described
from torso.exporting.onnx_file import checked_graph
from torso.exporting.packages import require_onnx
from torso.exporting.places import check_place
from torso.exporting.ports import InputPort, OutputPort
from torso.exporting.subject import Subject
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
        inputs: name -> tensor that it takes.
        outputs: name -> tensor that it gives.
        checked: how it compares with the run.
    """

    path: Path
    size: int
    inputs: Mapping[str, InputPort]
    outputs: Mapping[str, OutputPort]
    checked: Checked


def export(
    run: str | Path | Predictor,
    out: str | Path,
    *,
    overwrite: bool = False,
    trust_code: bool = False,
) -> Written:
    """Write a run as one file whose answers were compared with the run's.

    Args:
        run: a run, or its folder.
        out: file to write; it ends with `.onnx`.
        overwrite: replace a file that is there.
        trust_code: import parts that the run names by an import path.

    Raises:
        RunError: there is no run.
        ConfigError: a part cannot be exported, the graph answers otherwise, or the file cannot be written.
        MissingDependency: a package of the extra `export` is absent.
    """
    path = Path(out).expanduser()
    check_place(path, overwrite=overwrite)
    require_onnx()
    if not isinstance(run, Predictor):
        run = load(run, device="cpu", trust_code=trust_code)
    subject = Subject.of(run)
    graph = checked_graph(subject)
    description = described(run, graph.inputs, subject.outputs, graph.checked)
    content = stamped(graph.content, description, {})
    with whole_file(path) as draft:
        draft.write_bytes(content)
    told = parsed(content, str(path)).description
    write_whole(path.with_suffix(".json"), json_text(told, indent=2) + "\n")
    return Written(path, len(content), graph.inputs, subject.outputs, graph.checked)

"""Description of an exported run: meaning of its inputs and answers, for people and other programs."""

from __future__ import annotations

from collections.abc import Mapping

from torso.exporting.checking import Checked
from torso.exporting.ports import InputPort, OutputPort
from torso.runs.predicting.predictor import Predictor
from torso.runtime.container import run_digest

__all__ = ["described"]


def described(
    run: Predictor,
    inputs: Mapping[str, InputPort],
    outputs: Mapping[str, OutputPort],
    checked: Checked,
) -> dict[str, object]:
    """Return JSON values with which a table can be read and answered without the run."""
    folder = run.folder
    return {
        "run": {
            "name": "" if folder is None else folder.resolve().name,
            "digest": "" if folder is None else run_digest(folder),
        },
        "config": run.config.model_dump(),
        "schema": {
            "inputs": run.config.inputs,
            "targets": run.config.targets,
            **run.schema.state(),
        },
        "report": run.report.to_dict(),
        "decisions": {task: decision.to_dict() for task, decision in run.decisions.items()},
        "plain": None,
        "inputs": {name: port.to_dict() for name, port in inputs.items()},
        "outputs": {name: port.to_dict() for name, port in outputs.items()},
        "checked": checked.to_dict(),
    }

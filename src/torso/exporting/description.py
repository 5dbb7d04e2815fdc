"""Description of an exported run: meaning of its inputs and answers, for people and other programs."""

from __future__ import annotations

from collections.abc import Mapping

from torso.exporting.checking import Checked
from torso.exporting.costs import Costs
from torso.exporting.ports import InputPort
from torso.exporting.subject import Subject
from torso.runs.predicting.predictor import Predictor
from torso.runtime.container import run_digest

__all__ = ["about_run", "described"]


def about_run(run: Predictor) -> dict[str, object]:
    """Return JSON values about a run: settings, learned columns, scores and thresholds."""
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
        "answers": {task: own.to_dict() for task, own in run.answer_references.items()},
        "decisions": {task: decision.to_dict() for task, decision in run.decisions.items()},
    }


def described(
    subject: Subject,
    inputs: Mapping[str, InputPort],
    checked: Checked,
    costs: Costs | None = None,
) -> dict[str, object]:
    """Return JSON values with which a table can be read and answered without the run."""
    plain = None
    if subject.plain is not None:
        view, _ = subject.plain.view.state()
        plain = {"view": view, "patterns": [[*each] for each in subject.plain.patterns]}
    return {
        **about_run(subject.run),
        "plain": plain,
        "inputs": {name: port.to_dict() for name, port in inputs.items()},
        "outputs": {name: port.to_dict() for name, port in subject.outputs.items()},
        "checked": checked.to_dict(),
        "costs": None if costs is None else costs.to_dict(),
    }

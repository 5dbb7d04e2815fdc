"""`torso.show`: a run in words, with its curves, its mistakes, its studies and commands to go on with."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from torso.evaluation.report import TaskReport
from torso.evaluation.wording import estimate_text, number_text
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.json_files import Json
from torso.runs.predicting.predictor import Predictor
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.runs.report.report import RunReport
from torso.runs.settings.config import RunConfig
from torso.runs.settings.durations import duration_text
from torso.studies.overview.next_steps import finished_beside, next_steps
from torso.studies.overview.plot import plot
from torso.studies.overview.sparkline import sparkline
from torso.studies.slices.confusion import Confusion, chosen_classes, confusion_of
from torso.tables.databases import name_of
from torso.tasks import words_of

__all__ = ["Summary", "show"]

_SENTENCES = 4
"""Sentences of a study that are shown."""
_PLOTS = 4
"""Tasks whose curves are plotted."""


@dataclass(frozen=True, eq=False, repr=False)
class Summary:
    """All that a run says of itself.

    Attributes:
        name: its folder, or `the run` in memory.
        config: complete.
        report: its results.
        held_out: answers to held-out rows; None if an earlier version wrote the run.
        studies: name -> Torso's version, command and result.
        notes: of the report, and on damaged studies.
        seeds: finished runs of other seeds beside it.
        baselines: names of the simpler runs beside it.
        steps: to go on with: words and a command each.
    """

    name: str
    config: RunConfig
    report: RunReport
    held_out: HeldOut | None
    studies: Mapping[str, Json]
    notes: tuple[str, ...]
    seeds: int
    baselines: tuple[str, ...]
    steps: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        """Return words, curves, mistakes, studies, notes and steps, a line each."""
        parts = [self.words(), *(self.curves(), self.mistakes(), self.studied())]
        parts += [[f"note: {note}" for note in self.notes]]
        parts += [[f"{words}: {command}" for words, command in self.steps]]
        return "\n\n".join("\n".join(lines) for lines in parts if lines)

    def words(self) -> list[str]:
        """Return the summary in sentences."""
        tasks, inputs = ", ".join(self.config.targets), ", ".join(self.config.inputs)
        table = self.config.data.table
        where = f" of {name_of(table)}" if isinstance(table, str) else ""
        usage, split = self.report.usage, self.report.split
        rows = usage.rows.get(split, 0)
        lines = [
            f"{tasks} from {inputs}: learnt from {usage.rows_trained:,} rows{where}, judged on {rows:,} {split} rows."
        ]
        lines += [_verdict(task, own) for task, own in self.report.tasks.items()]
        lines.append(self._course())
        beside = []
        if self.seeds:
            beside.append(f"{self.seeds} other seed{'s' if self.seeds > 1 else ''}")
        if self.baselines:
            beside.append(f"baselines {', '.join(self.baselines)}")
        if beside:
            lines.append(f"Beside it: {' and '.join(beside)}.")
        return lines

    def _course(self) -> str:
        course = self.report.training
        seconds = course.seconds
        total = seconds.preparing + seconds.training + seconds.evaluating
        parts = [f"{course.networks} networks" if course.networks > 1 else "One network"]
        if self.report.blend:
            parts.append("plain models")
        return (
            f"{' and '.join(parts)}, {course.parameters:,} weights; {course.epochs} epochs ({course.end}), the best "
            f"{course.best_epoch}; {duration_text(total)} in all."
        )

    def curves(self, width: int = 48) -> list[str]:
        """Return each task's loss over the epochs: plots of a few tasks, of many a line each.

        Args:
            width: of the curves in characters.
        """
        known = {task: self._losses(task) for task in self.config.targets}
        known = {task: losses for task, losses in known.items() if np.isfinite(losses).sum() > 1}
        if len(known) > _PLOTS:
            longest = max(map(len, known))
            lines = [
                f"{task:<{longest}}  {number_text(losses[0])} {sparkline(losses, width)} {number_text(losses[-1])}, "
                f"{_least(losses)}"
                for task, losses in known.items()
            ]
            return ["Held-out loss by epoch", *lines]
        plots: list[str] = []
        for task, losses in known.items():
            training = [epoch.training.get(task, math.nan) for epoch in self.report.curves]
            behind = "" if np.isnan(training).all() else ", · training loss"
            heading = f"{task}: ─ held-out loss ({_least(losses)}){behind}"
            plots += [*([""] if plots else []), heading, *plot(losses, training, width=width)]
        return plots

    def _losses(self, task: str) -> list[float]:
        return [epoch.validation.get(task, math.nan) for epoch in self.report.curves]

    def confusions(self) -> dict[str, Confusion]:
        """Return task -> its confusion on held-out rows, of those that answer with a class."""
        if self.held_out is None:
            return {}
        own = {task: _confusion(answers) for task, answers in self.held_out.tasks.items()}
        return {task: value for task, value in own.items() if value is not None}

    def mistakes(self) -> list[str]:
        """Return the commonest mistakes of each task that answers with a class."""
        return [f"{task}: {_mistakes(value)}" for task, value in self.confusions().items()]

    def studied(self) -> list[str]:
        """Return a line for each study that the run carries, then its first sentences."""
        lines = []
        for name, own in self.studies.items():
            said = own["result"].get("words") or own["result"].get("sentences") or ()
            told = [said] if isinstance(said, str) else [str(line) for line in said]
            lines += [
                f"study {name} ({own['command']})",
                *(f"  {line}" for line in told[:_SENTENCES]),
            ]
            if len(told) > _SENTENCES:
                lines.append(f"  … {len(told) - _SENTENCES} more: {self.name}/studies/{name}.json")
        return lines


def show(run: str | Path | Predictor, *, commands: Collection[str] | None = None) -> Summary:
    """Return all that a run says of itself; no model is built.

    Args:
        run: a run or its folder.
        commands: of the command line that steps may name, such as `fit`, and `fit --seeds` for an option; None: all.

    Raises:
        RunError: the folder is no finished run.
    """
    folder = run.folder if isinstance(run, Predictor) else Path(run).expanduser()
    files = None if folder is None else RunFolder(folder)
    if isinstance(run, Predictor):
        config, report, held_out = run.config, run.report, run.held_out
    else:
        assert files is not None
        files.schema()  # says what is wrong with the folder
        config, report = files.config(), files.report()
        held_out = files.held_out(report.baselines)
    damaged: list[str] = []
    studies = {} if files is None else files.studies(damaged)
    return Summary(
        name="the run" if folder is None else str(folder),
        config=config,
        report=report,
        held_out=held_out,
        studies=studies,
        notes=(*report.notes, *damaged),
        seeds=len(_beside(folder, "seeds")),
        baselines=_beside(folder, "baselines"),
        steps=()
        if folder is None
        else next_steps(folder, config, report, studies, held_out, commands),
    )


def _least(losses: list[float]) -> str:
    least = int(np.nanargmin(losses))
    return f"least {number_text(losses[least])} in epoch {least + 1}"


def _beside(folder: Path | None, kind: str) -> tuple[str, ...]:
    """Return the names of the finished runs of a kind beside a run."""
    return () if folder is None else tuple(run.name for run in finished_beside(folder, kind))


def _verdict(task: str, own: TaskReport) -> str:
    """Return a task's headline in a sentence."""
    metric, value = own.headline, own.metrics[own.headline]
    word = words_of(own.kind).get(metric, metric.replace("_", " "))
    if not own.labels:
        return f"{task}: no held-out row has a label, so nothing is known."
    if not math.isfinite(value.value):
        return f"{task}: {word} is undefined on {own.labels:,} labels."
    told = {
        "better": "better than",
        "no better": "not surely better than",
        "worse": "worse than",
    }.get(own.verdict() or "", "beside")
    baseline = number_text(own.baseline[metric])
    few = ", too few to tell" if own.verdict() == "too few" else ""
    return (
        f"{task}: {word} {estimate_text(value)}, {told} the {own.against} without inputs ({baseline}); {own.labels:,} "
        f"labels{few}."
    )


def _confusion(own: TaskAnswers) -> Confusion | None:
    """Return the confusion of a task; None for a kind without classes, or without a labelled row."""
    chosen = chosen_classes(own)
    return None if chosen is None or not own.labelled.any() else confusion_of(own, chosen)


def _mistakes(value: Confusion) -> str:
    """Return right answers and the commonest mistakes in words."""
    total = sum(map(sum, value.counts))
    wrong = value.pairs()
    right = total - sum(rows for rows, _, _ in wrong)
    listed = ", ".join(f"{true} for {said} {rows} times" for rows, true, said in wrong[:3])
    return f"{right:,} of {total:,} right" + (f"; mistook {listed}" if listed else ", no mistake")

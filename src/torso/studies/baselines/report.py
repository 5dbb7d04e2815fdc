"""Baselines of a run as frozen values: each beside the run on the same rows, in figures and in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from torso.core.whole_files import finite
from torso.evaluation.estimate import number_in, number_out
from torso.evaluation.report import Estimate
from torso.evaluation.wording import estimate_text, number_text
from torso.runs.folder.json_files import Json
from torso.runs.report.shown import aligned, html_notes, html_table
from torso.tables.alike import require_pandas
from torso.tasks import words_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Baseline", "Baselines", "Beside", "Verdict"]

Verdict = Literal["better", "no evidence either way", "worse", "undefined"]
_SURE = 0.05


@dataclass(frozen=True)
class Beside:
    """One task of a run beside a baseline.

    Attributes:
        kind: of target.
        metric: headline of the task.
        run: its value of the run.
        baseline: its value of the baseline.
        over: by how much the run is better, whether more or less of the metric is, with a paired 95 % interval.
        p: two-sided p-value, after Holm's correction over tasks; NaN: undefined.
        labels: rows that both are judged on.
    """

    kind: str
    metric: str
    run: float
    baseline: float
    over: Estimate
    p: float
    labels: int

    @property
    def verdict(self) -> Verdict:
        """The run is `better` or `worse`, there is `no evidence either way`, or it is `undefined`."""
        if math.isnan(self.p):
            return "undefined"
        if self.p >= _SURE:
            return "no evidence either way"
        return "better" if self.over.value > 0 else "worse"

    def to_dict(self) -> dict[str, object]:
        """Return a mapping that JSON can hold."""
        return {
            "kind": self.kind,
            "metric": self.metric,
            "run": number_out(self.run),
            "baseline": number_out(self.baseline),
            "over": self.over.to_dict(),
            "p": number_out(self.p),
            "labels": self.labels,
            "verdict": self.verdict,
        }

    @classmethod
    def from_dict(cls, saved: Json) -> Beside:
        """Return the values that `to_dict` wrote."""
        numbers = {name: number_in(saved[name]) for name in ("run", "baseline", "p")}
        return cls(
            saved["kind"],
            saved["metric"],
            **numbers,
            over=Estimate.from_dict(saved["over"]),
            labels=saved["labels"],
        )


@dataclass(frozen=True)
class Baseline:
    """A simpler model beside the run.

    Attributes:
        name: of the baseline.
        words: noun phrase for sentences, such as `one model per task`.
        tasks: task -> the run beside it.
        seconds: wall time of its trainings together; 0 where it needed none.
        cpu_seconds: likewise.
        parameters: numbers in the weights of its networks.
    """

    name: str
    words: str
    tasks: Mapping[str, Beside]
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    parameters: int = 0


@dataclass(frozen=True, repr=False)
class Baselines:
    """A run beside its baselines.

    Attributes:
        split: part of the rows that all are judged on.
        baselines: in the order in which they are shown.
        skipped: name -> why this run has no such baseline.
        left_out: name -> why it could not be trained: no time, or an error.
        notes: sentences for the user.
        run_seconds: wall time of the run's own training and verdict.
        seconds: wall time of the study.
    """

    split: str
    baselines: tuple[Baseline, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    run_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def tasks(self) -> list[str]:
        """Tasks of the run that any baseline answers."""
        return list(dict.fromkeys(task for own in self.baselines for task in own.tasks))

    def sentences(self) -> list[str]:
        """Return the study in words, task by task, then the baselines that are not there."""
        return [
            *(sentence for task in self.tasks for sentence in self._of_task(task)),
            *(f"Not compared, {name}: {why}." for name, why in self.skipped.items()),
            *(f"Not trained, {name}: {why.rstrip('.')}." for name, why in self.left_out.items()),
            *self.notes,
        ]

    def _of_task(self, task: str) -> Iterator[str]:
        by_verdict: dict[Verdict, list[tuple[str, Beside]]] = {}
        for own in self.baselines:
            if task in own.tasks:
                beside = own.tasks[task]
                by_verdict.setdefault(beside.verdict, []).append((own.words, beside))
        for words, beside in by_verdict.get("worse", []):
            lead = estimate_text(_turned(beside.over))
            yield (
                f"{task}: {words} is better: {_named(beside)} {number_text(beside.baseline)} against "
                f"{number_text(beside.run)} of the run, by {lead}."
            )
        for words, beside in by_verdict.get("no evidence either way", []):
            told = (
                f"{words} is as good, as far as these rows tell"
                if beside.over.value <= 0
                else words
            )
            yield (
                f"{task}: {told}; no evidence either way: {_named(beside)} {number_text(beside.baseline)} against "
                f"{number_text(beside.run)} of the run, whose lead is {estimate_text(beside.over)} on "
                f"{beside.labels:,} rows."
            )
        if better := by_verdict.get("better"):
            yield f"{task}: the run is better than {_listed([words for words, _ in better])}."
        if few := by_verdict.get("undefined"):
            names = _listed([words for words, _ in few])
            yield f"{task}: undefined beside {names}: {few[0][1].labels} labels are too few."

    def frame(self) -> pd.DataFrame:
        """Return a frame with a row per baseline and task.

        Columns: `baseline`, `task`, `metric`, `run`, `value` (of the baseline), `over` (by how much the run is better),
        `low`, `high`, `p` (after Holm's correction over tasks), `verdict` (of the run), `labels`, `seconds`,
        `cpu_seconds`, `parameters`.

        Raises:
            MissingDependency: pandas is absent.
        """
        require_pandas("A frame of baselines (`baselines` has them as values)")
        import pandas as pd

        rows = [
            (
                *(own.name, task, beside.metric, beside.run, beside.baseline, beside.over.value),
                *(beside.over.low, beside.over.high, beside.p, beside.verdict, beside.labels),
                *(own.seconds, own.cpu_seconds, own.parameters),
            )
            for own in self.baselines
            for task, beside in own.tasks.items()
        ]
        return pd.DataFrame(rows, columns=_COLUMNS)

    def __repr__(self) -> str:
        """Return a table with a row per baseline and task, and the notes."""
        return "\n".join([*aligned(self._rows()), *(f"note: {note}" for note in self._notes())])

    def _repr_html_(self) -> str:
        """Return the same as a table of HTML; all names are escaped."""
        return f"<div>{html_table(self._rows())}{html_notes(self._notes())}</div>"

    def _rows(self) -> list[list[str]]:
        header = ["baseline", "task", "metric", "baseline's", "run's", "run leads by", "verdict"]
        return [header] + [
            [
                *(own.name, task, _named(beside), number_text(beside.baseline)),
                *(number_text(beside.run), estimate_text(beside.over), beside.verdict),
            ]
            for own in self.baselines
            for task, beside in own.tasks.items()
        ]

    def _notes(self) -> list[str]:
        return self.sentences()[sum(1 for task in self.tasks for _ in self._of_task(task)) :]

    def to_dict(self) -> Json:
        """Return a mapping that JSON can hold."""
        return {
            "split": self.split,
            "baselines": [
                {
                    "name": own.name,
                    "words": own.words,
                    "tasks": {task: beside.to_dict() for task, beside in own.tasks.items()},
                    "seconds": finite(own.seconds),
                    "cpu_seconds": finite(own.cpu_seconds),
                    "parameters": own.parameters,
                }
                for own in self.baselines
            ],
            "skipped": dict(self.skipped),
            "left_out": dict(self.left_out),
            "notes": list(self.notes),
            "run_seconds": self.run_seconds,
            "seconds": self.seconds,
            "sentences": self.sentences(),
        }

    @classmethod
    def from_dict(cls, saved: Json) -> Baselines:
        """Return the study that `to_dict` wrote."""
        return cls(
            split=saved["split"],
            baselines=tuple(
                Baseline(
                    **{
                        **own,
                        "tasks": {
                            task: Beside.from_dict(beside) for task, beside in own["tasks"].items()
                        },
                    }
                )
                for own in saved["baselines"]
            ),
            skipped=saved["skipped"],
            left_out=saved["left_out"],
            notes=tuple(saved["notes"]),
            run_seconds=saved["run_seconds"],
            seconds=saved["seconds"],
        )


_COLUMNS = [
    *("baseline", "task", "metric", "run", "value", "over", "low", "high", "p", "verdict"),
    *("labels", "seconds", "cpu_seconds", "parameters"),
]


def _turned(over: Estimate) -> Estimate:
    return Estimate(-over.value, -over.high, -over.low)


def _named(beside: Beside) -> str:
    return words_of(beside.kind).get(beside.metric, beside.metric.replace("_", " "))


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

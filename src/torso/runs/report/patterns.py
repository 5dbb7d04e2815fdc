"""Certificate for rows with gaps: a run's scores on held-out rows that lack the same modalities.

A pattern is a set of modalities that a row lacks. Scores over all rows hide rare patterns, and an interval that holds nine of
ten labels over all rows may hold five of ten of those without a picture.

>>> import numpy as np
>>> absent_sets({"photo": np.array([True, False, False]), "note": np.array([True, True, True])})
[(('photo',), array([1, 2])), ((), array([0]))]
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from torso.core.whole_files import Json
from torso.evaluation.bootstrap import interval, resamples_of, units_of
from torso.evaluation.report import Estimate, TaskReport
from torso.evaluation.weighted import Array
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.tasks import Details, evaluate_task

__all__ = ["FEW", "Pattern", "absent_sets", "judged_task", "lacks", "patterns_of"]

FEW = 20
"""Labels below which nothing is said for or against the answers to a pattern."""
_SCORED = 32  # patterns, the most frequent ones
_COUNTED = 1000
_WEIGHTS = 2_000_000  # of all resamples of a pattern: many rows need fewer for a steady interval


@dataclass(frozen=True)
class Pattern:
    """Rows that lack the same modalities.

    Attributes:
        absent: modalities that they lack, sorted; none for whole rows.
        rows: their number.
        tasks: task -> its headline metric and the coverage of its intervals on them; empty for rare patterns among many.
        made: True if modalities were taken from whole rows, False if the rows lacked them by themselves.
    """

    absent: tuple[str, ...]
    rows: int
    tasks: Mapping[str, TaskReport] = field(default_factory=dict)
    made: bool = False

    def to_dict(self) -> dict[str, object]:
        """Return a mapping that JSON can hold."""
        return {
            "absent": list(self.absent),
            "rows": self.rows,
            "tasks": {task: report.to_dict() for task, report in self.tasks.items()},
            "made": self.made,
        }

    @classmethod
    def from_dict(cls, saved: Json) -> Pattern:
        """Return the pattern that `to_dict` wrote."""
        tasks = {task: TaskReport.from_dict(report) for task, report in saved["tasks"].items()}
        return cls(tuple(saved["absent"]), saved["rows"], tasks, saved["made"])


def absent_sets(
    present: Mapping[str, NDArray[np.bool_]],
) -> list[tuple[tuple[str, ...], NDArray[np.intp]]]:
    """Return the sets of modalities that rows lack, each with its rows; the most frequent first.

    Args:
        present: modality -> bool `[rows]`.
    """
    names = sorted(present)
    if not names or not len(present[names[0]]):
        return []
    if len(present[names[0]]) == 1:
        return [(tuple(name for name in names if not present[name][0]), np.zeros(1, np.intp))]
    gaps = np.stack([~present[name] for name in names], axis=1)
    bits = np.packbits(gaps, axis=1)  # a row's gaps as one value: `unique` of whole rows is slow
    _, first, which, counts = np.unique(
        bits.view(np.dtype((np.void, bits.shape[1]))).ravel(),
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    sets = gaps[first]
    order = np.argsort(-counts, kind="stable")
    return [
        (
            tuple(name for name, gone in zip(names, sets[at], strict=True) if gone),
            np.flatnonzero(which == at),
        )
        for at in order[:_COUNTED]
    ]


def patterns_of(held_out: HeldOut, seed: int = 0, *, made: bool = False) -> tuple[Pattern, ...]:
    """Return the patterns of held-out rows with their scores, the most frequent first.

    Args:
        held_out: rows with answers.
        seed: of the resamples.
        made: True if modalities were taken from the rows.
    """
    patterns = []
    for number, (absent, rows) in enumerate(absent_sets(held_out.present)):
        pattern = Pattern(absent, len(rows), made=made)
        if number < _SCORED:
            some = held_out.of_rows(rows)
            tasks = {
                task: _quoted(judged_task(own, some.groups, seed))
                for task, own in some.tasks.items()
                if not own.scores.among_rows  # its score depends on how many rows there are
            }
            pattern = replace(pattern, tasks=tasks)
        patterns.append(pattern)
    return tuple(patterns)


def judged_task(own: TaskAnswers, groups: Array | None = None, seed: int = 0) -> TaskReport:
    """Return the scores of a task's answers, beside the baseline; of answers that were not kept, those of its headline.

    Args:
        own: answers to some rows.
        groups: `[rows]`; rows of one group are resampled together.
        seed: of the resamples.
    """
    resamples = int(np.clip(_WEIGHTS // max(1, len(own.labelled)), 200, 1000))
    if own.whole:
        return evaluate_task(
            own.kind,
            own.answer,
            own.truth,
            own.baseline,
            details=Details(own.details, own.level),
            names=list(own.names),
            groups=groups,
            resamples=resamples,
            seed=seed,
        )
    return _of_rows_alone(own, groups, resamples, seed)


def _quoted(report: TaskReport) -> TaskReport:
    """Return a report with the headline, and coverage where something is promised, alone."""
    shown = dict.fromkeys([report.headline, *report.promised])
    return replace(
        report,
        metrics={metric: report.metrics[metric] for metric in shown},
        baseline={metric: report.baseline[metric] for metric in shown},
        errors=tuple(metric for metric in report.errors if metric in shown),
        by_name={},
    )


def lacks(absent: Sequence[str], modalities: Iterable[str] = ()) -> str:
    """Return a pattern in words.

    >>> lacks(["photo", "note"]), lacks([]), lacks(["photo"], ["photo"])
    ("without 'photo' and 'note'", 'without gaps', 'without any input')

    Args:
        absent: modalities that the rows lack.
        modalities: all of the run; without them, no pattern lacks all.
    """
    if not absent:
        return "without gaps"
    if {*modalities} == {*absent}:
        return "without any input"
    *first, last = map(repr, absent)
    return f"without {', '.join(first)} and {last}" if first else f"without {last}"


def _of_rows_alone(own: TaskAnswers, groups: Array | None, resamples: int, seed: int) -> TaskReport:
    """Return the mean of the headline over rows, each judged alone; a baseline was not kept."""
    scores, used = own.scores, np.flatnonzero(own.labelled)
    metric = scores.headline if scores.headline in own.metrics else next(iter(own.metrics))
    measure = own.of_rows(used).measure()
    units = np.arange(len(used)) if groups is None else units_of(np.asarray(groups)[used])
    drawn = [measure(w).overall[metric] for w in resamples_of(units, resamples, seed)]
    value = float(measure(np.ones((1, len(used)))).overall[metric][0]) if len(used) else math.nan
    bounds = interval(np.concatenate(drawn)) if drawn else (math.nan, math.nan)
    return TaskReport(
        kind=own.kind,
        rows=len(own.labelled),
        labels=len(used),
        groups=None if groups is None else len(np.unique(units)),
        headline=metric,
        metrics={metric: Estimate(value, *bounds)},
        baseline={metric: math.nan},
        against=scores.against,
        errors=tuple(name for name in scores.errors if name == metric),
    )

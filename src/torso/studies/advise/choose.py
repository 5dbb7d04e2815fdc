"""The choice between candidates by their answers to the same held-out rows: paired, with the spread of rows and seeds.

The simplest candidate, the one with the fewest models, is kept until another is surely better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from torso.evaluation.estimate import Estimate
from torso.runs.report.held_out import HeldOut
from torso.studies.advise.plan import SINGLES, Candidate
from torso.studies.compare.figures import Figures
from torso.studies.paired import Draws, drawn

__all__ = ["Difference", "Measures", "chosen", "difference", "measures_of"]

_SURE = 0.05


@dataclass(frozen=True, eq=False)
class Measures:
    """Headline metrics of one candidate.

    Attributes:
        tasks: those with labels among the rows.
        draws: their metrics, on the rows as they are and in each resample.
        signs: of each task: -1 for an error.
        skills: of each task: True for a metric that is 0 without inputs.
        units: the unit (row or group) of each row.
    """

    tasks: tuple[str, ...]
    draws: Draws
    signs: NDArray[np.float64]
    skills: NDArray[np.bool_]
    units: NDArray[np.intp]

    @property
    def seeds(self) -> int:
        """Number of trainings."""
        return len(self.draws.point)


@dataclass(frozen=True)
class Difference:
    """Δm of a candidate over another: percent, more is better.

    Attributes:
        delta: with its 95 % interval.
        p: two-sided p-value; NaN where undefined.
    """

    delta: Estimate
    p: float

    def sure(self, comparisons: int = 1) -> bool:
        """Return True if the candidate is better beyond doubt, at 5 % over so many comparisons (Bonferroni)."""
        return self.delta.value > 0 and self.p * comparisons <= _SURE

    def surely_worse(self) -> bool:
        """Return True if the candidate is worse beyond doubt."""
        return self.delta.value < 0 and self.p <= _SURE


def measures_of(answers: Sequence[HeldOut], seed: int = 0) -> Measures:
    """Return the metrics of a candidate; rows are resampled alike for every candidate.

    Args:
        answers: to the same rows, one for each seed.
        seed: of the bootstrap.
    """
    first = answers[0]
    units = np.arange(len(first.rows)) if first.groups is None else first.groups
    labelled = {task: np.flatnonzero(own.labelled) for task, own in first.tasks.items()}
    tasks = tuple(task for task, rows in labelled.items() if len(rows) > 1)
    used = [labelled[task] for task in tasks]
    scores = [first.tasks[task].scores for task in tasks]
    metrics = [own.headline for own in scores]
    some = [
        [own.tasks[task].of_rows(rows) for own in answers]
        for task, rows in zip(tasks, used, strict=True)
    ]
    pairs = list(zip(scores, metrics, strict=True))
    return Measures(
        tasks,
        drawn(some, used, metrics, units, seed),
        np.array([-1.0 if metric in own.errors else 1.0 for own, metric in pairs]),
        np.array([metric in own.skills for own, metric in pairs], bool),
        units,
    )


def difference(first: Measures, second: Measures, task: str | None = None) -> Difference:
    """Return by how much the first is better than the second: Δm over all tasks where it is defined, or of one.

    Args:
        first: a candidate.
        second: another, on the same rows; the baseline.
        task: the one to compare; None for all.
    """
    figures = Figures(second.draws, first.draws, second.signs, second.skills)
    rows = len(second.units)
    if task is not None:
        own = figures.task(second.tasks.index(task), task, "", "", second.units)
    else:
        own = figures.overall(rows, len(np.unique(second.units)))
    return Difference(own.delta_m, own.p)


def chosen(candidates: Sequence[Candidate], measures: Mapping[str, Measures]) -> Candidate:
    """Return the candidate to recommend: the one with the fewest models to which no other is surely better.

    Each step to more models has to be sure beyond all comparisons together. Single tasks win, too, where they are surely
    better alone, or where the chosen candidate is surely worse than they are (Δm is not symmetric: a gain ends at 100 %, a
    loss does not): advice that single tasks beat is none.

    Args:
        candidates: those that were trained, in any order.
        measures: name -> its metrics.
    """
    order = sorted(candidates, key=lambda candidate: candidate.models)
    order = [candidate for candidate in order if candidate.name in measures]
    best, comparisons = order[0], max(1, len(order) - 1)
    for candidate in order[1:]:
        over = difference(measures[candidate.name], measures[best.name])
        if over.sure(1 if candidate.name == SINGLES else comparisons):
            best = candidate
    singles = next((each for each in order if each.name == SINGLES), best)
    behind = difference(measures[best.name], measures[singles.name])
    return singles if behind.surely_worse() else best

"""The choice between candidates by their answers to the same held-out rows: paired, with the spread of rows and seeds.

All tasks together are kept until another candidate is surely better. Then the candidate with the fewest models wins that the
best is not surely ahead of.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from torso.evaluation.estimate import Estimate
from torso.evaluation.weighted import Floats
from torso.runs.report.held_out import HeldOut
from torso.studies.advise.plan import SINGLES, Candidate
from torso.studies.compare.differences import Weighed, weighed
from torso.studies.compare.figures import Figures
from torso.studies.paired import Draws, drawn

__all__ = [
    "Difference",
    "Measures",
    "advantage",
    "chosen",
    "difference",
    "level",
    "measures_of",
    "surely",
    "undecided",
]

_SURE = 0.05
_NEAR = 1.645
"""Standard errors by which a candidate may be behind the best: beyond, the best is surely ahead, one-sided at 5 %."""
_LEVEL, _FAR = 1.0, 2.5
"""Standard errors behind the best between which further seeds are worth their time."""
_LEAST_LEFT = 1e-3  # to a skill of 1


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


def advantage(first: Measures, second: Measures) -> Weighed:
    """Return by how much the first is better on a symmetric scale: the mean over tasks of the logarithm of a ratio.

    The ratio is that of errors, of what is missing to 1 of skills, and of other metrics as they are. Δm is bounded on one side
    (a gain ends at 100 %, a loss does not), so that a lucky seed of the baseline widens its interval; ratios weigh gains and
    losses alike. Tasks count where the ratio is defined.

    Args:
        first: a candidate.
        second: another, on the same rows.
    """
    ours, theirs = _logs(first), _logs(second)
    known = np.isfinite(ours.point).all(0) & np.isfinite(theirs.point).all(0)

    def mean(logs: Floats) -> Floats:
        some = logs[:, known]
        return np.asarray(some.mean(axis=1)) if known.any() else np.full(len(logs), math.nan)

    runs = mean(ours.point), mean(theirs.point)
    return weighed(
        float(runs[0].mean() - runs[1].mean()),
        mean(ours.resampled) - mean(theirs.resampled),
        runs,
        len(np.unique(first.units)),
    )


def surely(own: Weighed, comparisons: int = 1) -> bool:
    """Return True if an advantage is significant at 5 % over so many comparisons (Bonferroni)."""
    return own.difference.value > 0 and own.p * comparisons <= _SURE


def _logs(measures: Measures) -> Draws:
    """Return the logarithms of metrics, above 0 for good: minus those of errors, and of the distance of skills to 1."""
    skills, draws = measures.skills, measures.draws
    less = skills | (measures.signs < 0)
    least = np.where(skills, _LEAST_LEFT, 1e-12)  # the ratio of a solved task would be infinite

    def logs(values: Floats) -> Floats:
        left = np.where(skills, 1.0 - values, values)
        with np.errstate(invalid="ignore", divide="ignore"):
            own = np.log(np.where(left >= 0, np.fmax(left, least), math.nan))
        return np.asarray(np.where(less, -own, own))

    return Draws(logs(draws.point), logs(draws.resampled))


def chosen(candidates: Sequence[Candidate], measures: Mapping[str, Measures]) -> Candidate:
    """Return the candidate to recommend.

    All together stay unless another is surely better: single tasks at 5 %, the groupings at 5 % over all of them together.
    Then the candidate with the fewest models is taken that the best is not surely ahead of, one-sided at 5 %: the rule of
    Breiman et al. 1984, "Classification and Regression Trees", with 1.6 standard errors instead of one. Candidates whose Δm is
    surely worse than that of single tasks are passed over.

    Args:
        candidates: those that were trained, in any order.
        measures: name -> its metrics.
    """
    simplest, others, over = _over_simplest(candidates, measures)
    if not _any_sure(others, over) and not _surely_worse(simplest, measures):
        return simplest
    best = max(others, key=lambda own: over[own.name].difference.value)
    near = [own for own in others if level(measures[own.name], measures[best.name])]
    able = [own for own in near if not _surely_worse(own, measures)]
    fewest = min((own.models for own in able), default=0)
    simple = [own for own in able if own.models == fewest]
    return max(simple, key=lambda own: over[own.name].difference.value, default=best)


def undecided(candidates: Sequence[Candidate], measures: Mapping[str, Measures]) -> list[Candidate]:
    """Return the candidates between which further seeds may decide; none where the choice is clear.

    They may where no candidate is surely better than all together, yet the best is by more than a standard error; and where a
    candidate of fewer models than the best is neither level with it nor far behind. Where most of the uncertainty comes from
    the rows, seeds decide nothing.

    Args:
        candidates: as for `chosen`.
        measures: as for `chosen`.
    """
    simplest, others, over = _over_simplest(candidates, measures)
    if not others:
        return []
    best = max(others, key=lambda own: over[own.name].difference.value)
    behind = {own.name: _behind(measures[own.name], measures[best.name]) for own in others}
    lead = over[best.name]
    if _any_sure(others, over):
        close = any(_LEVEL < behind[own.name] < _FAR for own in others if own.models < best.models)
    else:
        close = lead.difference.value > _error(lead)
    if not close or not lead.over_seeds > lead.over_rows:
        return []
    return [simplest, *(own for own in others if own.name == SINGLES or behind[own.name] < _FAR)]


def _over_simplest(
    candidates: Sequence[Candidate], measures: Mapping[str, Measures]
) -> tuple[Candidate, list[Candidate], dict[str, Weighed]]:
    """Return the candidate with the fewest models, the others, and the advantage of each over it."""
    order = sorted(candidates, key=lambda candidate: candidate.models)
    simplest, *others = [own for own in order if own.name in measures]
    over = {own.name: advantage(measures[own.name], measures[simplest.name]) for own in others}
    return simplest, others, over


def _any_sure(others: Sequence[Candidate], over: Mapping[str, Weighed]) -> bool:
    """Return True if any candidate is surely better than all together: groupings at 5 % over all of them together."""
    comparisons = max(1, sum(own.name != SINGLES for own in others))
    return any(surely(over[own.name], 1 if own.name == SINGLES else comparisons) for own in others)


def _error(own: Weighed) -> float:
    """Return the standard error over rows and seeds."""
    return math.hypot(*(part for part in (own.over_rows, own.over_seeds) if math.isfinite(part)))


def level(measures: Measures, best: Measures) -> bool:
    """Return True unless the best is surely ahead, one-sided at 5 %."""
    return _behind(measures, best) <= _NEAR


def _behind(measures: Measures, best: Measures) -> float:
    """Return by how many standard errors the best is ahead."""
    ahead = advantage(best, measures)
    error = _error(ahead)
    return ahead.difference.value / error if error > 0 else 0.0


def _surely_worse(candidate: Candidate, measures: Mapping[str, Measures]) -> bool:
    """Return True if single tasks are surely better by Δm."""
    if SINGLES not in measures or candidate.name == SINGLES:
        return False
    return difference(measures[candidate.name], measures[SINGLES]).surely_worse()

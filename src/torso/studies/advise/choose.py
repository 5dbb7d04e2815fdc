"""The choice between candidates by their answers to the same held-out rows: paired, with the spread of seeds.

The simplest candidate, the one with the fewest models, is kept until another is surely better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from torso.evaluation.bootstrap import interval, resamples_of
from torso.evaluation.estimate import Estimate
from torso.evaluation.weighted import Floats
from torso.runs.report.held_out import HeldOut
from torso.studies.advise.plan import SINGLES, Candidate

__all__ = ["Measures", "chosen", "difference", "measures_of"]

_RESAMPLES = 1000
_SURE = 0.95


@dataclass(frozen=True, eq=False)
class Measures:
    """Headline metrics of one candidate, in points of which more is better.

    Attributes:
        value: task -> its metric, the mean over seeds.
        drawn: task -> its metric in each resample of rows and seeds, `[resamples]`.
        scale: task -> by which a difference is divided: of an error, its size; else 1.
        seeds: number of trainings.
    """

    value: Mapping[str, float]
    drawn: Mapping[str, Floats]
    scale: Mapping[str, float]
    seeds: int


def measures_of(answers: Sequence[HeldOut], seed: int = 0) -> Measures:
    """Return the metrics of a candidate.

    Rows are resampled alike for every candidate (whole groups where the run has them), seeds for each on its own.

    Args:
        answers: to the same rows, one for each seed.
        seed: of the bootstrap.
    """
    rows = len(answers[0].rows)
    units = np.arange(rows) if answers[0].groups is None else answers[0].groups
    weights = np.concatenate([np.ones((1, rows)), *resamples_of(units, _RESAMPLES, seed)])
    draw = np.random.default_rng([seed, len(answers), 1])
    picked = draw.integers(0, len(answers), (len(weights) - 1, len(answers)))
    value, drawn, scale = {}, {}, {}
    for task, own in answers[0].tasks.items():
        headline = own.scores.headline
        each = np.stack([_measured(other, task, headline, weights) for other in answers])
        sign = -1.0 if headline in own.scores.errors else 1.0
        value[task] = sign * float(each[:, 0].mean())
        at = np.arange(len(weights) - 1)
        drawn[task] = sign * each[:, 1:][picked.T, at].mean(0)
        scale[task] = abs(value[task]) if sign < 0 else 1.0
    return Measures(value, drawn, scale, len(answers))


def _measured(answers: HeldOut, task: str, headline: str, weights: Floats) -> Floats:
    """Return the headline metric under each row of weights; NaN where it is undefined."""
    own = answers.tasks[task]
    labelled = np.flatnonzero(own.labelled)
    if len(labelled) < 2:
        return np.full(len(weights), np.nan)
    measure = own.of_rows(labelled).measure()
    parts = np.array_split(weights[:, labelled], max(1, weights.size >> 20))
    return np.concatenate([np.asarray(measure(part).overall[headline]) for part in parts])


def difference(
    first: Measures, second: Measures, task: str | None = None, level: float = _SURE
) -> Estimate:
    """Return by how many points the first is better than the second, with its paired interval; the mean over tasks.

    A point is a hundredth of a metric of which 1 is best (R², accuracy, ...), and a hundredth of the second's error else.
    This is the Δm of multi-task papers with the sign turned, so that more is better. Differs: scores of which 1 is best are
    not divided by the baseline's, since an R² may be 0.

    Args:
        first: a candidate.
        second: another, on the same rows.
        task: the one to compare; None for the mean of all that both know.
        level: of the interval.
    """
    tasks = [task] if task is not None else list(first.value)
    values, drawn = [], []
    for name in tasks:
        scale = 100 / (second.scale[name] or 1.0)
        value = scale * (first.value[name] - second.value[name])
        if np.isfinite(value):
            values.append(value)
            drawn.append(scale * (first.drawn[name] - second.drawn[name]))
    if not values:
        return Estimate(float("nan"))
    means = np.mean(drawn, axis=0)  # a resample that lacks a task is undefined
    return Estimate(float(np.mean(values)), *interval(means, level))


def chosen(candidates: Sequence[Candidate], measures: Mapping[str, Measures]) -> Candidate:
    """Return the candidate to recommend: the one with the fewest models to which no other is surely better.

    Each step to more models has to be sure at a level shared by all comparisons (Bonferroni). Single tasks win, too, where
    they are surely better at the plain level: advice that single tasks beat is none.

    Args:
        candidates: those that were trained, in any order.
        measures: name -> its metrics.
    """
    order = sorted(candidates, key=lambda candidate: candidate.models)
    order = [candidate for candidate in order if candidate.name in measures]
    best, level = order[0], 1 - (1 - _SURE) / max(1, len(order) - 1)
    for candidate in order[1:]:
        if difference(measures[candidate.name], measures[best.name], level=level).low > 0:
            best = candidate
    for candidate in order:
        alone = candidate.name == SINGLES
        if alone and difference(measures[candidate.name], measures[best.name]).low > 0:
            best = candidate
    return best

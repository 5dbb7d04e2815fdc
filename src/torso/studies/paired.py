"""Several models' answers to the same rows: metrics in the same resamples, so that their differences are paired."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from torso.evaluation.bootstrap import interval, resamples_of
from torso.evaluation.estimate import Estimate
from torso.evaluation.holm import p_of_difference
from torso.evaluation.weighted import Floats
from torso.runs.report.held_out import TaskAnswers
from torso.tasks import Measured

__all__ = ["Draws", "drawn", "estimated"]

_RESAMPLES = 1000


@dataclass(frozen=True, eq=False)
class Draws:
    """A metric of some runs.

    Attributes:
        point: on the rows as they are, `[runs, tasks]`.
        resampled: mean over the runs in each resample, `[resamples, tasks]`.
    """

    point: Floats
    resampled: Floats

    @property
    def mean(self) -> Floats:
        """Mean over the runs, `[tasks]`."""
        return np.asarray(self.point.mean(axis=0))


def drawn(
    answers: Sequence[Sequence[TaskAnswers]],
    used: Sequence[np.ndarray],
    metrics: Sequence[str],
    units: np.ndarray,
    seed: int,
) -> Draws:
    """Return the metric of each task, of some runs; equal arguments resample equal rows.

    Args:
        answers: of each task, those of each run to the rows in `used`.
        used: of each task, its rows among the shared ones.
        metrics: of each task.
        units: the unit (row or group) of each shared row.
        seed: of the resamples.
    """
    measures = [[own.measure() for own in runs] for runs in answers]

    def each(weights: Floats) -> Floats:
        """Return `[runs, resamples, tasks]`."""
        values = [
            [_value(measure, weights[:, rows], metric) for measure in runs]
            for runs, rows, metric in zip(measures, used, metrics, strict=True)
        ]
        return np.moveaxis(np.asarray(values), 0, -1)

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        point = each(np.ones((1, len(units))))[:, 0]
        parts = [each(some).mean(axis=0) for some in resamples_of(units, _RESAMPLES, seed)]
    return Draws(point, np.concatenate([*parts, np.zeros((0, len(metrics)))]))


def _value(measure: Callable[[Floats], Measured], weights: Floats, metric: str) -> Floats:
    return np.asarray(measure(weights).overall[metric])


def estimated(values: Floats, units: int) -> tuple[Estimate, float]:
    """Return a difference with its paired 95 % interval, and its p-value alone.

    Args:
        values: the difference on the rows as they are, then in each resample.
        units: rows, or groups of rows, that were resampled.
    """
    value, resampled = float(values[0]), values[1:]
    if not math.isfinite(value) or not len(resampled):
        return Estimate(value), math.nan
    low, high = interval(resampled)
    between = Estimate(value, min(low, value), max(high, value))
    return between, p_of_difference(value, resampled, units)

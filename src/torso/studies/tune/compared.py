"""Two runs on rows that no trial has seen: how much better the tuned one is there, with paired intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np

from torso.evaluation.bootstrap import interval, resamples_of
from torso.evaluation.estimate import Estimate
from torso.evaluation.weighted import Floats
from torso.runs.report.held_out import HeldOut

__all__ = ["BETTER", "EVEN", "UNSEEN", "UNTESTED", "WORSE", "SavedUnseen", "Unseen", "compared"]

BETTER, WORSE = "surely better", "worse"
EVEN = "no evidence that it is better"
UNTESTED = "untested"
_RESAMPLES = 2000
_FEW = 10
"""Labelled rows (groups) of a task below which resamples say too little of the spread for a verdict."""
_UNKNOWN = Estimate(math.nan)


class SavedUnseen(TypedDict):
    """JSON of an `Unseen`."""

    rows: int
    gain: dict[str, float | None]
    tasks: dict[str, dict[str, float | None]]
    without: list[str]
    fewest: int
    verdict: str


@dataclass(frozen=True)
class Unseen:
    """Tuned settings beside the run's own, on rows that no trial has seen.

    Attributes:
        rows: their number; 0 where there are none.
        gain: mean Δm over the tasks in percent, above 0: better, with its paired 95 % interval.
        tasks: task -> Δm likewise; each interval is its own, without a correction for many tasks.
        without: tasks that have no log loss, which are left out.
        fewest: labelled rows (groups) of the task that has the fewest.
    """

    rows: int = 0
    gain: Estimate = _UNKNOWN
    tasks: Mapping[str, Estimate] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    fewest: int = 0

    @property
    def verdict(self) -> str:
        """`surely better`, `worse`, `no evidence that it is better`, or `untested` without such rows."""
        if math.isnan(self.gain.low):
            return UNTESTED
        if self.fewest < _FEW:
            return EVEN
        if self.gain.low > 0:
            return BETTER
        return WORSE if self.gain.high < 0 else EVEN

    def to_dict(self) -> SavedUnseen:
        """Return JSON values."""
        return {
            "rows": self.rows,
            "gain": self.gain.to_dict(),
            "tasks": {task: gain.to_dict() for task, gain in self.tasks.items()},
            "without": list(self.without),
            "fewest": self.fewest,
            "verdict": self.verdict,
        }

    @classmethod
    def from_dict(cls, saved: SavedUnseen) -> Unseen:
        """Return the value that `to_dict` wrote."""
        tasks = {task: Estimate.from_dict(gain) for task, gain in saved["tasks"].items()}
        gain = Estimate.from_dict(saved["gain"])
        return cls(saved["rows"], gain, tasks, tuple(saved["without"]), saved["fewest"])


UNSEEN = Unseen()
"""Nothing compared."""


def compared(
    default: HeldOut | None, tuned: HeldOut | None, tasks: tuple[str, ...], seed: int
) -> Unseen:
    """Return how much better the tuned run answers the test rows, by the perplexity of their labels.

    Rows are drawn in pairs, whole groups where the run was split by group; a row that lacks a task's label counts for the
    other tasks.

    Args:
        default: test rows of the run.
        tuned: the same rows of the tuned run.
        tasks: that the search was about.
        seed: of the bootstrap.
    """
    if default is None or tuned is None or default.split != "test" or tuned.split != "test":
        return UNSEEN
    shared, ours, theirs = np.intersect1d(default.rows, tuned.rows, return_indices=True)
    differences: dict[str, Floats] = {}  # task -> how much less log loss the tuned run has, by row
    for task in tasks:
        before, after = (run.tasks[task].by_row().get("log_loss") for run in (default, tuned))
        if before is not None and after is not None:
            differences[task] = after[theirs] - before[ours]
    without = tuple(task for task in tasks if task not in differences)
    if not differences or not len(shared):
        return Unseen(len(shared), without=without)
    groups = default.groups
    units = np.arange(len(shared)) if groups is None else groups[ours]
    units = np.unique(units, return_inverse=True)[1]
    gains = {task: _gain(np.ones((1, len(shared))), own)[0] for task, own in differences.items()}
    drawn: dict[str, list[Floats]] = {task: [] for task in differences}
    for weights in resamples_of(units, _RESAMPLES, seed):
        for task, own in differences.items():
            drawn[task].append(_gain(weights, own))
    spread = {
        task: np.concatenate(parts) if parts else np.zeros(0) for task, parts in drawn.items()
    }
    estimates = {task: _estimate(gains[task], spread[task]) for task in differences}
    overall = np.mean([*spread.values()], axis=0)
    gain = _estimate(float(np.mean([*gains.values()])), overall)
    fewest = min(len(np.unique(units[~np.isnan(own)])) for own in differences.values())
    return Unseen(len(shared), gain, estimates, without, fewest)


def _gain(weights: Floats, differences: Floats) -> Floats:
    """Return Δm in percent for each resample; NaN without a label."""
    known = ~np.isnan(differences)
    total = weights[:, known].sum(axis=1)
    mean = np.full(len(weights), np.nan)
    np.divide(weights[:, known] @ differences[known], total, out=mean, where=total > 0)
    return np.asarray(-100.0 * np.expm1(np.minimum(mean, 20.0)))


def _estimate(value: float, spread: Floats) -> Estimate:
    return Estimate(float(value), *interval(spread))

"""Metrics over weighted rows, shared by the kinds of task.

Everywhere: `weights` is `[resamples, rows]`, how often each row counts in each resample. An undefined result
is NaN, never a made-up 0 or 1, and is left out of averages over classes, dimensions and labels.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SMALLEST",
    "Array",
    "Floats",
    "Ranking",
    "Residuals",
    "f1",
    "mean_defined",
    "ratio",
    "surprise",
]

Array = NDArray[Any]
Floats = NDArray[np.float64]

SMALLEST = float(np.finfo(np.float32).eps)
"""Log loss reads no probability below this (1.2e-7): models predict in float32, where 0 and 1 are reached."""


def ratio(above: Floats, below: Floats) -> Floats:
    """Return `above / below`, NaN where `below` is not positive."""
    above, below = np.broadcast_arrays(above, below)
    out = np.full(above.shape, np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out


def mean_defined(values: Floats) -> Floats:
    """Return the mean over the last axis without NaN; NaN where nothing is left."""
    defined = ~np.isnan(values)
    return ratio(np.where(defined, values, 0.0).sum(-1), defined.sum(-1).astype(np.float64))


def surprise(probability: Floats) -> Floats:
    """Return the negative log of the probabilities of the truths, in nats, at most 15.9."""
    return -np.log(np.clip(probability, SMALLEST, 1.0))


def f1(both: Floats, predicted: Floats, true: Floats) -> Floats:
    """Return F1 from the counts of true positives, of predicted and of true positives.

    It is undefined where the class is neither predicted nor true (`zero_division=nan` in scikit-learn).
    """
    return ratio(2 * both, predicted + true)


class Ranking:
    """Area under the ROC curve and average precision of one score against one yes/no label.

    The rows are sorted once. Rows of equal score form one threshold, as in scikit-learn and torchmetrics;
    neighbouring thresholds without a positive are merged, as they change neither figure.

    Args:
        score: `[rows]`, higher means more likely positive.
        positive: bool, `[rows]`.
        rows: `[rows]`, the column of each row in `weights`; by default 0, 1, 2, ...
    """

    def __init__(
        self, score: Floats, positive: NDArray[np.bool_], rows: NDArray[np.intp] | None = None
    ) -> None:
        order = np.argsort(-score, kind="stable")
        score, positive = score[order], positive[order]
        self._order = order if rows is None else rows[order]
        self._positive = self._order[positive]
        first = np.flatnonzero(np.diff(score, prepend=np.inf))  # first row of each threshold
        self._starts = first
        if not positive.any():
            return
        wins = np.logical_or.reduceat(positive, first)
        self._starts = first[wins | np.concatenate([[True], wins[:-1]])]
        holds = np.add.reduceat(positive.astype(np.intp), self._starts)
        self._segments = np.flatnonzero(holds)
        self._positive_starts = np.cumsum(holds[self._segments]) - holds[self._segments]

    def measure(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return AUROC `[resamples]` (NaN without both labels) and average precision (NaN without positives)."""
        if not len(self._positive):
            undefined = np.full(len(weights), np.nan)
            return undefined, undefined.copy()
        # [resamples, thresholds that hold a positive], from the highest score down
        hits = np.add.reduceat(weights[:, self._positive], self._positive_starts, axis=1)
        everyone = np.add.reduceat(np.take(weights, self._order, axis=1), self._starts, axis=1)
        passed = np.cumsum(everyone, axis=1)
        seen = passed[:, self._segments]
        ties = everyone[:, self._segments] - hits
        hits_so_far = np.cumsum(hits, axis=1)
        positives = hits_so_far[:, -1]
        negatives = passed[:, -1] - positives
        below = negatives[:, None] - (seen - hits_so_far)
        wins = (hits * (below + 0.5 * ties)).sum(axis=1)
        precision = np.divide(hits_so_far, seen, out=np.zeros_like(hits_so_far), where=seen > 0)
        return ratio(wins, positives * negatives), ratio((hits * precision).sum(axis=1), positives)


class Residuals:
    """R², mean absolute error and root mean squared error of each dimension on its own labels.

    R² is undefined where the truth is constant. (scikit-learn says 1 or 0 there, torchmetrics differs again.)

    Args:
        prediction: `[rows, dims]`, or `[rows, ..., dims]`: all places of a row count as much as they are labelled.
        truth: of the same shape, NaN where missing.
    """

    def __init__(self, prediction: Floats, truth: Floats) -> None:
        places = tuple(range(1, truth.ndim - 1))
        known = ~np.isnan(truth)
        error = np.where(known, prediction - truth, 0.0)
        # Sums of squares lose digits far from zero, so they are taken about a value from the middle.
        middle = [np.sort(truth[known[..., d], d]) for d in range(truth.shape[-1])]
        centre = np.array([column[len(column) // 2] if len(column) else 0.0 for column in middle])
        offset = np.where(known, truth - centre, 0.0)
        self._known = known.astype(np.float64).sum(axis=places)
        self._absolute = np.abs(error).sum(axis=places)
        self._squared = (error**2).sum(axis=places)
        self._offset = offset.sum(axis=places)
        self._offset_squared = (offset**2).sum(axis=places)

    def measure(self, weights: Floats) -> dict[str, Floats]:
        """Return `r2`, `mae` and `rmse`, each `[resamples, dims]`."""
        count = weights @ self._known
        squared = weights @ self._squared
        about = weights @ self._offset_squared
        spread = about - ratio((weights @ self._offset) ** 2, count)
        spread = np.where(spread > 1e-12 * about, spread, 0.0)
        return {
            "r2": 1.0 - ratio(squared, spread),
            "mae": ratio(weights @ self._absolute, count),
            "rmse": np.sqrt(ratio(squared, count)),
        }

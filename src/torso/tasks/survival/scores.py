"""Times until an event: concordance of their order, and the likelihood of the labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from torso.evaluation.weighted import Floats, ratio
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["Concordance", "SurvivalScores"]


class SurvivalScores(Scores, name="survival"):
    """Concordance index and, from the head, log loss, against a Weibull distribution that sees no input.

    A row without an event says that the event came later. Where the time is known, its log loss is minus the
    log-density of the time in its own unit, else minus the log-probability of no event until then.

    Predictions are times, `[rows]`; truths are float `[rows, 2]`, the time and whether it ended with the event (1) or with
    the watching (0).
    """

    headline = "concordance"
    metrics = ("concordance", "log_loss")
    errors = ("log_loss",)
    against = "one Weibull"
    axes = (1, 2)
    probable = False

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        self._concordance = Concordance(prediction, truth[:, 0], truth[:, 1] > 0.5)

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        return Measured({"concordance": self._concordance.measure(weights)}, {})

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:  # noqa: ARG004
        """Return shape and scale of the likeliest Weibull distribution."""
        time, event = truth.astype(np.float64).T
        likeliest = _likeliest_weibull(time, event > 0.5) if (event > 0.5).any() else None
        return (
            {"shape": None, "scale": None}
            if likeliest is None
            else dict(zip(("shape", "scale"), likeliest, strict=True))
        )

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return the median of the distribution for every row; 1 if no event was seen."""
        shape, scale = baseline["shape"], baseline["scale"]
        median = 1.0 if shape is None else scale * math.log(2.0) ** (1 / shape)
        return np.full(prediction.shape, median)

    @staticmethod
    def blind(baseline: Baseline, truth: Array, level: float, /) -> dict[str, Array]:  # noqa: ARG004
        """Return the log loss of the distribution."""
        if baseline["shape"] is None:
            return {}
        time, event = truth.astype(np.float64).T
        relative = np.log(time / baseline["scale"])
        log_hazard = (
            math.log(baseline["shape"] / baseline["scale"]) + (baseline["shape"] - 1) * relative
        )
        return {"log_loss": np.exp(baseline["shape"] * relative) - event * log_hazard}


class Concordance:
    """Harrell's concordance index: of the pairs whose order is known, the share predicted in that order.

    A pair's order is known if the earlier time is an event; an event counts as before a censoring at the same time.
    Equal predictions count as half right. Harrell, Lee and Mark, Statistics in Medicine 15, 1996.

    The pairs are never formed. Two places in the order of times differ first in one binary digit; for each digit,
    the rows that agree in all higher digits are sorted by prediction once, and a running sum of the weights of
    those with a 1 answers all those with a 0, for all resamples at once.

    Args:
        prediction: `[rows]`, later means longer.
        time: `[rows]`.
        event: bool, `[rows]`; False: watched until then, without the event.
    """

    def __init__(self, prediction: Floats, time: Array, event: NDArray[np.bool_]) -> None:
        place = np.unique(np.stack([time, ~event], axis=1), axis=0, return_inverse=True)[1].ravel()
        score = np.unique(prediction, return_inverse=True)[1].ravel()
        self._events = np.flatnonzero(event)
        self._by_place = np.argsort(place, kind="stable")
        # how many rows, in that order, stand at or before each event's place
        self._passed = np.searchsorted(place[self._by_place], place[self._events], side="right")
        self._digits = []
        for digit in range(int(place.max(initial=0)).bit_length()):
            group, later = place >> (digit + 1), (place >> digit) & 1 == 1
            key = group * (len(score) + 1) + score
            order = np.argsort(key, kind="stable")
            asking = np.flatnonzero(event & ~later)
            ends = (group[asking] + 1) * (len(score) + 1) - 1  # behind the group's last score
            keys = key[order]
            bounds = (
                np.searchsorted(keys, key[asking], side="left"),
                np.searchsorted(keys, key[asking], side="right"),
                np.searchsorted(keys, ends, side="right"),
            )
            self._digits.append((order, later[order].astype(np.float64), asking, bounds))

    def measure(self, weights: Floats, /) -> Floats:
        """Return the index for each row of `weights` `[resamples, rows]`; NaN where no order is known."""
        sums = _running(weights[:, self._by_place])
        after = sums[:, -1:] - sums[:, self._passed]
        pairs = (weights[:, self._events] * after).sum(axis=1)
        right = np.zeros(len(weights))
        for order, later, asking, (below, at_most, end) in self._digits:
            sums = _running(weights[:, order] * later)
            longer = sums[:, end] - 0.5 * (sums[:, below] + sums[:, at_most])
            right += (weights[:, asking] * longer).sum(axis=1)
        return ratio(right, pairs)


def _running(values: Floats) -> Floats:
    """Return sums of the first 0, 1, ..., n of `values` `[resamples, n]`."""
    out = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=out[:, 1:])
    return out


def _likeliest_weibull(time: Floats, event: NDArray[np.bool_]) -> tuple[float, float]:
    """Return shape and scale; the shape's equation has one root, which is enclosed and halved upon."""
    logs = np.log(time)
    middle = float(logs.mean())
    logs = logs - middle
    low, high = -6.0, 6.0  # of the shape's logarithm
    for _ in range(60):
        shape = math.exp((low + high) / 2)
        powers = np.exp(shape * (logs - logs.max()))
        slope = 1 / shape + logs[event].mean() - float(powers @ logs) / float(powers.sum())
        low, high = ((low + high) / 2, high) if slope > 0 else (low, (low + high) / 2)
    top = float(logs.max())
    total = float(np.exp(shape * (logs - top)).sum())
    scale = middle + top + math.log(total / event.sum()) / shape
    return shape, math.exp(scale)

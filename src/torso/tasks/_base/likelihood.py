"""What a head says beside its prediction, judged: the likelihood of the labels, and whether intervals hold them.

The same code scores the baseline, whose density and interval are those of the training labels.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from torso.evaluation.weighted import Floats, mean_defined, ratio
from torso.tasks._base.scores import Array, Measured

__all__ = ["Beside"]


class Beside:
    """Log loss, coverage of the interval and interval score, each where the details allow it.

    The interval score (Gneiting and Raftery, Journal of the American Statistical Association 102, 2007) is the
    width of the interval plus, for a label outside, `2 / (1 - level)` times its distance. It is in the target's
    unit, less is better, and no interval is expected to beat the true quantiles: it rewards narrowness without
    letting a narrow interval off for what it misses.

    Args:
        details: `log_loss` `[rows]`, in nats; `low` and `high` as `truth`, else they
            are not judged (a time that is only known to be longer lies in no interval); what else there is is not judged.
        truth: `[rows]` or `[rows, numbers]`, NaN where missing.
        level: share of the labels that the intervals promise to hold.
    """

    errors = ("log_loss", "interval_score")
    """The metrics of which less is better."""

    def __init__(self, details: Mapping[str, Array], truth: Array, level: float) -> None:
        self._log_loss = details.get("log_loss")
        self._several = truth.ndim == 2
        self._held: Floats | None = None
        if level and {"low", "high"} <= details.keys() and details["low"].shape == truth.shape:
            low, high, label = (
                one.reshape(len(one), truth.shape[1] if self._several else 1).astype(np.float64)
                for one in (details["low"], details["high"], truth)
            )
            known = ~np.isnan(label)
            outside = np.maximum(low - label, label - high)
            score = high - low + 2 / (1 - level) * np.maximum(outside, 0.0)
            self._known = known.astype(np.float64)
            self._held = np.where(known, outside <= 0.0, 0.0)
            self._score = np.where(known, score, 0.0)

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        overall: dict[str, Floats] = {}
        each: dict[str, Floats] = {}
        if self._log_loss is not None:
            overall["log_loss"] = ratio(weights @ self._log_loss, weights.sum(axis=1))
        if self._held is not None:
            count = weights @ self._known
            each["coverage"] = ratio(weights @ self._held, count)
            each["interval_score"] = ratio(weights @ self._score, count)
            overall |= {metric: mean_defined(values) for metric, values in each.items()}
        return Measured(overall, each if self._several else {})

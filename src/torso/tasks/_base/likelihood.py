"""Scores of a head's details: the likelihood of the labels, and the share of them that intervals hold.

The same code scores the baseline, whose density and interval are those of the training labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from torso.evaluation.weighted import Floats, mean_defined, ratio
from torso.tasks._base.scores import Array, Measured

__all__ = ["Beside", "Details"]


@dataclass(frozen=True)
class Details:
    """Statements of a model beside its predictions.

    Attributes:
        values: `log_loss` `[rows]`, the negative log-likelihood of each label in nats, NaN where missing; `low` and
            `high`, shaped as the truths, the ends of an interval; and what the scores of a kind read (`Scores.told`).
            All else is not judged.
        level: share of the labels that should lie between `low` and `high`; 0: nothing is promised.
    """

    values: Mapping[str, Array] = field(default_factory=dict)
    level: float = 0.0

    def of_rows(self, rows: NDArray[np.intp]) -> Details:
        """Return the details of some rows."""
        values = {name: np.asarray(value)[rows] for name, value in self.values.items()}
        return Details(values, self.level)


class Beside:
    """Log loss, coverage of the interval and interval score, each where the details allow it.

    The interval score (Gneiting and Raftery, Journal of the American Statistical Association 102, 2007) is the
    width of the interval plus, for a label outside, `2 / (1 - level)` times its distance. It is in the target's
    unit, less is better, and no interval is expected to beat the true quantiles: it rewards narrowness without
    letting a narrow interval off for what it misses.

    An interval of another shape than the truths is not judged: a time that is only known to be longer lies in none.

    Args:
        details: of the labelled rows.
        truth: `[rows]` or `[rows, numbers]`, NaN where missing.
    """

    errors = ("log_loss", "interval_score")
    """The metrics of which less is better."""

    def __init__(self, details: Details, truth: Array) -> None:
        values, level = details.values, details.level
        self._log_loss = values.get("log_loss")
        self._several = truth.ndim == 2
        self._held: Floats | None = None
        if level and {"low", "high"} <= values.keys() and values["low"].shape == truth.shape:
            low, high, label = (
                numbers.reshape(len(numbers), truth.shape[1] if self._several else 1).astype(
                    np.float64
                )
                for numbers in (values["low"], values["high"], truth)
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

"""Angles: circular R², mean and median angular error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from torso.evaluation.weighted import Floats, ratio
from torso.tasks._base.scores import Array, Baseline, Measured, Scores
from torso.tasks.angle.circular import apart, likeliest_concentration, mean_direction

__all__ = ["AngleScores"]


class AngleScores(Scores, name="angle"):
    """Circular R², mean and median angular error, against the mean direction of the training rows.

    Predictions and truths are `[rows, 2]`: the angle in its own unit, and the period of a turn. The error is the
    shorter way round, in the same unit. Circular R² is 1 less the mean of `1 - cos(error)` over the circular variance
    of the truths (K. V. Mardia, P. E. Jupp, Directional Statistics, Wiley 2000, section 2.3.1): 1 is perfect, 0 is their
    own mean direction. The log loss is per radian; that of the baseline is of the likeliest von Mises distribution.
    """

    headline = "circular_r2"
    skills = ("circular_r2",)
    metrics = ("circular_r2", "mae", "median_error", "log_loss")
    errors = ("mae", "median_error", "log_loss")
    words: ClassVar[Mapping[str, str]] = {
        "circular_r2": "circular R²",
        "median_error": "median err.",
    }
    against = "mean direction"
    axes = (2, 2)
    probable = False
    named = False

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        angles = _radians(truth)
        errors = apart(_radians(prediction), angles)  # radians
        self._errors = errors * truth[:, 1].astype(np.float64) / (2 * np.pi)
        self._order = np.argsort(self._errors, kind="stable")
        self._lost = 1 - np.cos(errors)
        self._vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)

    @classmethod
    def plain_labels(cls, truth: Array, /) -> Array:
        """Return the angles."""
        return truth[:, 0]

    @classmethod
    def plain_answers(cls, prediction: Array, details: Mapping[str, Array], /) -> Array:  # noqa: ARG003
        """Return the angles."""
        return prediction[:, 0]

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        total = weights.sum(axis=1)
        scatter = total - np.hypot(*(weights @ self._vectors).T)
        scatter = np.where(scatter > 1e-12 * total, scatter, 0.0)
        overall = {
            "circular_r2": 1.0 - ratio(weights @ self._lost, scatter),
            "mae": ratio(weights @ self._errors, total),
            "median_error": self._median(weights),
        }
        return Measured(overall, {})

    def _median(self, weights: Floats) -> Floats:
        """Return the weighted median of the errors, the middle of the two if it lies between them."""
        if not len(self._errors):
            return np.full(len(weights), np.nan)
        errors = self._errors[self._order]
        sums = weights[:, self._order].cumsum(axis=1)
        half = sums[:, -1:] / 2
        first, next_ = (sums >= half).argmax(axis=1), (sums > half).argmax(axis=1)
        return np.where(half[:, 0] > 0, (errors[first] + errors[next_]) / 2, np.nan)

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:  # noqa: ARG004
        """Return the mean direction, in radians, and the likeliest concentration around it."""
        if not len(truth):
            return {"direction": None}
        direction, length = mean_direction(_radians(truth))
        return {"direction": direction, "concentration": likeliest_concentration(length)}

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return the mean direction for every row, NaN if none was labelled."""
        direction = baseline["direction"]
        turns = np.nan if direction is None else direction / (2 * math.pi)
        return np.stack([turns * prediction[:, 1], prediction[:, 1]], axis=1)

    @staticmethod
    def blind(baseline: Baseline, truth: Array, level: float, /) -> dict[str, Array]:  # noqa: ARG004
        """Return the log loss of the von Mises distribution."""
        from scipy.special import i0e

        if baseline["direction"] is None:
            return {}
        concentration = baseline["concentration"]
        lost = 1 - np.cos(_radians(truth) - baseline["direction"])
        constant = math.log(2 * math.pi * float(i0e(concentration)))
        return {"log_loss": constant + concentration * lost}

    @classmethod
    def labelled(cls, truth: Array, /) -> NDArray[np.bool_]:
        """Return bool `[rows]`: the rows with a known angle."""
        return np.asarray(~np.isnan(truth[:, 0]))


def _radians(angles: Array) -> Floats:
    """Return the angles of `[rows, 2]` in radians, in any turn."""
    return np.asarray(angles[:, 0].astype(np.float64) / angles[:, 1] * (2 * np.pi))

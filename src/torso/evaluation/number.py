"""One number: how much of its variance is explained, and how far off, in the user's unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from torso.evaluation.scores import Array, Measured, Scores
from torso.evaluation.weighted import Floats, Residuals

__all__ = ["NumberScores"]


class NumberScores(Scores, name="number"):
    """R², mean absolute error and root mean squared error, against the mean of the training rows."""

    headline = "r2"
    errors = ("mae", "rmse")
    against = "mean"
    probable = False

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        self._residuals = Residuals(prediction[:, None], truth[:, None].astype(np.float64))

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        found = self._residuals.measure(weights)
        return Measured({metric: values[:, 0] for metric, values in found.items()}, {})

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> dict[str, Any]:  # noqa: ARG004
        """Return the mean."""
        return {"mean": float(truth.mean(dtype=np.float64)) if len(truth) else None}

    @staticmethod
    def guess(baseline: Mapping[str, Any], prediction: Array, /) -> Array:
        """Return the mean for every row, NaN if none was labelled."""
        mean = baseline["mean"]
        return np.full(prediction.shape, np.nan if mean is None else mean)

"""One number: R² and errors in the user's unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from torso.evaluation.weighted import Floats, Residuals
from torso.tasks._base.label_quantiles import QUANTILES, blind_interval
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["NumberScores"]


class NumberScores(Scores, name="number"):
    """R², mean absolute error and root mean squared error, against the mean of the training rows.

    The baseline's density is the Gaussian with their mean and spread, its interval lies between their quantiles.

    Predictions and truths are `[rows]`, in the user's unit.
    """

    headline = "r2"
    errors = ("mae", "rmse")
    against = "mean"
    probable = False

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        self._residuals = Residuals(prediction[:, None], truth[:, None].astype(np.float64))

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        errors = self._residuals.measure(weights)
        return Measured({metric: values[:, 0] for metric, values in errors.items()}, {})

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:  # noqa: ARG004
        """Return the mean, the spread, and the quantiles 0, 0.05, ..., 1."""
        if not len(truth):
            return {"mean": None}
        mean = float(truth.mean(dtype=np.float64))
        std = float(truth.std(dtype=np.float64))
        return {
            "mean": mean,
            "std": std if math.isfinite(std) else None,
            "quantiles": np.quantile(truth.astype(np.float64), QUANTILES).tolist(),
        }

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return the mean for every row, NaN if none was labelled."""
        mean = baseline["mean"]
        return np.full(prediction.shape, np.nan if mean is None else mean)

    @staticmethod
    def blind(baseline: Baseline, truth: Array, level: float, /) -> dict[str, Array]:
        """Return the log loss of the Gaussian, and the ends of the interval."""
        if not baseline.get("std"):
            return {}
        off = (truth.astype(np.float64) - baseline["mean"]) / baseline["std"]
        log_loss = 0.5 * off**2 + math.log(baseline["std"]) + 0.5 * math.log(2 * math.pi)
        return {"log_loss": log_loss, **blind_interval(baseline["quantiles"], len(truth), level)}

"""Several numbers at once: each dimension by itself on the rows that have it, and their mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from torso.evaluation.weighted import Floats, Residuals, mean_defined, ratio
from torso.tasks._base.label_quantiles import QUANTILES, blind_interval
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["VectorScores"]


class VectorScores(Scores, name="vector"):
    """R², mean absolute error, root mean squared error and aRRMSE, each the plain mean over dimensions.

    aRRMSE, the average relative RMSE of multi-target regression, divides each dimension's RMSE by that of the
    training mean on the same rows, so that units cancel: 1 is the baseline, 0 is perfect. E. Spyromitros-Xioufis
    et al., "Multi-target regression via input space expansion", Machine Learning 104 (2016),
    https://arxiv.org/abs/1211.6581.

    Predictions and truths are `[rows, dimensions]`, in the user's unit.
    """

    headline = "r2"
    metrics = ("r2", "mae", "rmse", "arrmse", "coverage", "interval_score")
    words: ClassVar[Mapping[str, str]] = {"arrmse": "aRRMSE"}
    errors = ("arrmse", "mae", "rmse")
    against = "mean"
    axes = (2, 2)
    probable = False

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:
        truth = truth.astype(np.float64)
        self._residuals = Residuals(prediction, truth)
        self._guess = Residuals(guess, truth)

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        each = self._residuals.measure(weights)
        relative = ratio(each["rmse"], self._guess.measure(weights)["rmse"])
        overall = {metric: mean_defined(values) for metric, values in each.items()}
        return Measured({**overall, "arrmse": mean_defined(relative)}, each)

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:  # noqa: ARG004
        """Return the mean and the quantiles of each dimension."""
        columns = [column[~np.isnan(column)] for column in truth.astype(np.float64).T]
        return {
            "mean": [float(column.mean()) if len(column) else None for column in columns],
            "quantiles": [
                np.quantile(column, QUANTILES).tolist() if len(column) else None
                for column in columns
            ],
        }

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return the means for every row, NaN in a dimension where none was labelled."""
        means = [np.nan if mean is None else mean for mean in baseline["mean"]]
        return np.broadcast_to(np.array(means, np.float64), prediction.shape)

    @staticmethod
    def blind(baseline: Baseline, truth: Array, level: float, /) -> dict[str, Array]:
        """Return the ends of the interval of each dimension."""
        nothing = [np.nan] * len(QUANTILES)
        parts = [
            blind_interval(nothing if quantiles is None else quantiles, len(truth), level)
            for quantiles in baseline.get("quantiles", [])
        ]
        if not parts:
            return {}
        return {end: np.stack([part[end] for part in parts], axis=1) for end in ("low", "high")}

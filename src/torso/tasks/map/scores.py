"""Numbers per pixel: R² and errors over all labelled pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from torso.evaluation.weighted import Floats, Residuals, mean_defined
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["MapScores"]


class MapScores(Scores, name="map"):
    """R², mean absolute error and root mean squared error over the labelled pixels, each the mean over channels.

    R² is against the mean of all these pixels; the baseline is the mean map, hence above 0 where places differ.

    Predictions and truths are `[rows, height, width, channels]`.
    """

    headline = "r2"
    metrics = ("r2", "mae", "rmse")
    errors = ("mae", "rmse")
    against = "mean map"
    axes = (4, 4)
    probable = False
    named = False

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        self._residuals = Residuals(prediction, truth.astype(np.float64))

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        each = self._residuals.measure(weights)
        return Measured({metric: mean_defined(values) for metric, values in each.items()}, {})

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:  # noqa: ARG004
        """Return the mean at every place, `[height][width][channels]`; that of all places where none was seen."""
        known = ~np.isnan(truth)
        values = np.where(known, truth, 0.0).astype(np.float64)
        overall = values.sum(axis=(0, 1, 2)) / known.sum(axis=(0, 1, 2)).clip(min=1)
        count = known.sum(axis=0)
        mean = np.where(count > 0, values.sum(axis=0) / count.clip(min=1), overall)
        return {"map": mean.astype(np.float32).tolist()}

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return that map for every row."""
        return np.broadcast_to(np.array(baseline["map"], np.float64), prediction.shape)

"""One number: R² and errors in the user's unit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from torso.evaluation.weighted import Floats, Residuals
from torso.tasks._base.label_quantiles import QUANTILES, blind_interval
from torso.tasks._base.logarithm import Logarithm
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["NumberScores"]


class NumberScores(Scores, name="number"):
    """R², mean absolute error and root mean squared error, against the mean of the training rows.

    The baseline's density is the Gaussian with their mean and spread, its interval lies between their quantiles.

    Predictions and truths are `[rows]`, in the user's unit.
    """

    headline = "r2"
    metrics = ("r2", "r2_log", "mae", "rmse", "log_loss", "coverage", "interval_score")
    words: ClassVar[Mapping[str, str]] = {"r2_log": "R² of logs"}
    errors = ("mae", "rmse")
    against = "mean"
    probable = False

    @classmethod
    def given(cls, baseline: Baseline, /) -> type[NumberScores]:
        """Return these scores; where logarithms are learnt, those whose headline they are."""
        if baseline.get("logarithm") is None:
            return cls

        class Told(LogScores):
            logarithm = Logarithm(**baseline["logarithm"])

        return Told

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


class LogScores(NumberScores):
    """The same in the user's unit, and first R² of the logarithms, which a single huge label cannot ruin.

    The baseline is the mean of the logarithms, its density the Gaussian of them.
    """

    headline = "r2_log"
    skills = ("r2", "r2_log")
    against = "mean of logs"
    logarithm: ClassVar[Logarithm]

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:
        super().__init__(prediction, truth, guess)
        logs = (self.logarithm.of_labels(values)[:, None] for values in (prediction, truth))
        self._logs = Residuals(*logs)

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        logs = {"r2_log": self._logs.measure(weights)["r2"][:, 0]}
        return Measured(logs | super().measure(weights).overall, {})

    @classmethod
    def fit_baseline(cls, truth: Array, names: Sequence[str], /) -> Baseline:
        """Return the baseline of a number, and mean and spread of the logarithms."""
        logs = cls.logarithm.of_labels(truth)
        known = logs[~np.isnan(logs)]
        learnt = (
            {"log_mean": float(known.mean()), "log_std": float(known.std())} if len(known) else {}
        )
        return {**super().fit_baseline(truth, names), **learnt}

    @classmethod
    def guess(cls, baseline: Baseline, prediction: Array, /) -> Array:
        """Return the label at the mean of the logarithms for every row, NaN if none was labelled."""
        mean = baseline.get("log_mean", math.nan)
        return np.full(prediction.shape, cls.logarithm.labels_of(np.array(mean)))

    @classmethod
    def blind(cls, baseline: Baseline, truth: Array, level: float, /) -> dict[str, Array]:
        """Return the log loss of the Gaussian of the logarithms, and the ends of the interval."""
        if not baseline.get("log_std"):
            return {}
        off = (cls.logarithm.of_labels(truth) - baseline["log_mean"]) / baseline["log_std"]
        log_loss = 0.5 * off**2 + math.log(baseline["log_std"]) + 0.5 * math.log(2 * math.pi)
        log_loss -= cls.logarithm.log_slope(truth)
        return {"log_loss": log_loss, **blind_interval(baseline["quantiles"], len(truth), level)}

"""Counts: explained deviance, errors, likelihood and intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from torso.evaluation.weighted import Floats, Residuals, ratio
from torso.tasks._base.label_quantiles import QUANTILES, blind_interval
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["CountScores"]

_LOG_DISPERSIONS = np.linspace(-12.0, 6.0, 181)


class CountScores(Scores, name="count"):
    """D², mean absolute error and root mean squared error, against the mean count of the training rows.

    D² is the share of the Poisson deviance that is explained: like R², with the error measure that fits counts
    (Cameron and Windmeijer, Journal of Econometrics 77, 1997). The baseline's likelihood is the negative binomial
    one that fits the training counts best; its interval lies between their quantiles.

    Predictions are means, `[rows]`; truths are counts, float `[rows]`.
    """

    headline = "d2"
    skills = ("d2",)
    metrics = ("d2", "mae", "rmse", "log_loss", "coverage", "interval_score")
    words: ClassVar[Mapping[str, str]] = {"d2": "D²"}
    errors = ("mae", "rmse")
    against = "mean"
    probable = False
    wider = True

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        truth = truth.astype(np.float64)
        self._residuals = Residuals(prediction[:, None], truth[:, None])
        self._truth = truth
        self._surplus = prediction - truth
        with np.errstate(divide="ignore"):
            logs = np.log(prediction) if len(prediction) else prediction
        self._crossed = _times(truth, logs)
        self._own = _times(truth, np.log(np.maximum(truth, 1.0)))

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        errors = {name: values[:, 0] for name, values in self._residuals.measure(weights).items()}
        total = weights.sum(axis=1)
        sums, own = weights @ self._truth, weights @ self._own
        mean = ratio(sums, total)
        with np.errstate(divide="ignore"):
            around_mean = own - _times(sums, np.log(mean))  # half a deviance, as the next
        around_prediction = own - weights @ self._crossed + weights @ self._surplus
        spread = np.where(around_mean > 1e-12 * np.abs(own), around_mean, 0.0)
        d2 = 1.0 - ratio(around_prediction, spread)
        return Measured({"d2": d2, "mae": errors["mae"], "rmse": errors["rmse"]}, {})

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:  # noqa: ARG004
        """Return the mean, the logarithm of the likeliest dispersion, and the quantiles 0, 0.05, ..., 1."""
        if not len(truth):
            return {"mean": None}
        truth = truth.astype(np.float64)
        mean = float(truth.mean())
        counts, times = np.unique(truth, return_counts=True)
        log_dispersion = None
        if mean > 0:
            costs = [
                times @ _log_loss(counts, mean, log_dispersion)
                for log_dispersion in _LOG_DISPERSIONS
            ]
            log_dispersion = float(_LOG_DISPERSIONS[int(np.argmin(costs))])
        quantiles = np.quantile(truth, QUANTILES)
        return {"mean": mean, "log_dispersion": log_dispersion, "quantiles": quantiles.tolist()}

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return the mean for every row, NaN if none was labelled."""
        mean = baseline["mean"]
        return np.full(prediction.shape, np.nan if mean is None else mean)

    @staticmethod
    def blind(baseline: Baseline, truth: Array, level: float, /) -> dict[str, Array]:
        """Return the log loss of the negative binomial, and the ends of the interval."""
        if baseline.get("log_dispersion") is None:
            return {}
        log_loss = _log_loss(truth.astype(np.float64), baseline["mean"], baseline["log_dispersion"])
        return {"log_loss": log_loss, **blind_interval(baseline["quantiles"], len(truth), level)}


def _log_loss(counts: Floats, mean: float, log_dispersion: float) -> Floats:
    """Return minus the log-probability of `counts` under a negative binomial distribution."""
    from scipy.special import gammaln

    size = np.exp(-log_dispersion)
    rise = gammaln(counts + size) - gammaln(size) - counts * np.log(size)
    beyond = np.log1p(mean / size)
    out = gammaln(counts + 1) - rise - counts * np.log(mean) + (size + counts) * beyond
    return np.asarray(out, np.float64)


def _times(values: Floats, logarithms: Floats) -> Floats:
    """Return `values * logarithms`, 0 where a value is 0 whatever its logarithm."""
    return np.where(
        values == 0,
        0.0,
        np.where(values == 0, 0.0, values) * np.where(values == 0, 0.0, logarithms),
    )

"""Count: equal to scikit-learn and scipy, one case by hand."""

import math

import numpy as np
import pytest
import sklearn.metrics as sk
from scipy import stats

from torso.tasks import evaluate_task, fit_baseline


def evaluate(rate, truth, **settings):
    learnt = fit_baseline("count", truth)
    return evaluate_task("count", rate, truth, learnt, **({"resamples": 0} | settings))


def test_by_hand():
    """Counts 0 and 2, mean 1: half deviances 1 and 2 log 2 - 1; of the prediction 0.5 and 2: 0.5 and 0."""
    found = evaluate(np.array([0.5, 2.0]), np.array([0.0, 2.0])).metrics
    assert found["d2"].value == pytest.approx(1 - 0.5 / (2 * math.log(2)))
    assert found["mae"].value == 0.25


def test_equals_scikit_learn():
    rng = np.random.default_rng(0)
    rate = rng.gamma(2.0, 2.0, 400)
    truth = rng.poisson(rate * rng.gamma(3.0, 1 / 3, 400)).astype(float)
    found = {name: one.value for name, one in evaluate(rate, truth).metrics.items()}
    assert found == pytest.approx(
        {
            "d2": sk.d2_tweedie_score(truth, rate, power=1),
            "mae": sk.mean_absolute_error(truth, rate),
            "rmse": sk.root_mean_squared_error(truth, rate),
        }
    )


def test_the_baseline_is_the_likeliest_negative_binomial():
    rng = np.random.default_rng(0)
    truth = rng.poisson(4 * rng.gamma(2.0, 0.5, 3000)).astype(float)
    learnt = fit_baseline("count", truth)
    assert math.exp(learnt["log_dispersion"]) == pytest.approx(0.5, rel=0.15)
    size = math.exp(-learnt["log_dispersion"])
    details = {"log_loss": np.zeros(3000)}
    found = evaluate(truth + 0.1, truth, details=details).baseline["log_loss"]
    expected = -stats.nbinom.logpmf(truth, size, size / (size + truth.mean())).mean()
    assert found == pytest.approx(expected)


def test_nothing_but_zeros():
    report = evaluate(np.full(3, 0.5), np.zeros(3), details={"log_loss": np.ones(3)})
    assert math.isnan(report.metrics["d2"].value)
    assert math.isnan(report.baseline["log_loss"])

"""Ordinal: equal to scikit-learn, one case by hand."""

import numpy as np
import pytest
import sklearn.metrics as sk

from torso.tasks import evaluate_task, fit_baseline


def evaluate(probability, truth, **settings):
    learnt = fit_baseline("ordinal", truth, names=[*"abcd"[: probability.shape[1]]])
    return evaluate_task("ordinal", probability, truth, learnt, **({"resamples": 0} | settings))


def values(report):
    return {metric: estimate.value for metric, estimate in report.metrics.items()}


def test_by_hand():
    """The median of 0.4, 0.3, 0.3 is the second class, although the first is likelier."""
    probability = np.array([[0.4, 0.3, 0.3], [0.0, 0.1, 0.9]])
    found = values(evaluate(probability, np.array([0, 2])))
    assert found["mae"] == 0.5
    assert found["accuracy"] == 0.5
    # answers 1 and 2 for truths 0 and 2: 1 off, squared; dealt by chance (1 + 4 + 1 + 0) / 2
    assert found["kappa"] == pytest.approx(1 - 1 / 3)
    assert found["rps"] == pytest.approx((0.6**2 + 0.3**2 + 0.0 + 0.1**2) / 2)
    assert found["log_loss"] == pytest.approx(-np.log([0.4, 0.9]).mean())


def test_equals_scikit_learn():
    rng = np.random.default_rng(0)
    probability = rng.dirichlet(np.ones(4), 300)
    truth = rng.integers(0, 4, 300)
    median = (probability.cumsum(axis=1) >= 0.5).argmax(axis=1)
    found = values(evaluate(probability, truth))
    assert found["kappa"] == pytest.approx(sk.cohen_kappa_score(truth, median, weights="quadratic"))
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, median))
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(truth, median))
    assert found["log_loss"] == pytest.approx(sk.log_loss(truth, probability))


def test_the_baseline_says_the_median():
    truth = np.array([0, 0, 1, 2, 2])
    baseline = evaluate(np.full((5, 3), 1 / 3), truth).baseline
    assert baseline["mae"] == pytest.approx(4 / 5)
    assert baseline["kappa"] == pytest.approx(0.0)

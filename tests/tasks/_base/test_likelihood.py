"""Likelihoods and intervals, beside the predictions."""

import math

import numpy as np
import pytest
from scipy import stats

from torso.tasks import Details, TaskReport, evaluate_task, fit_baseline


def evaluate(truth, details, level=0.9, kind="number", **settings):
    truth = np.asarray(truth, float)
    learnt = fit_baseline(kind, truth)
    prediction = np.nan_to_num(truth)
    return evaluate_task(
        kind,
        prediction,
        truth,
        learnt,
        details=Details(details, level),
        **({"resamples": 0} | settings),
    )


def values(report):
    return {metric: estimate.value for metric, estimate in report.metrics.items()}


def test_by_hand():
    """Of 1, 3 and 9, the interval from 0 to 4 holds two; what it misses by 5 costs 2 / 0.5 times as much."""
    details = {"low": np.zeros(4), "high": np.full(4, 4.0), "log_loss": np.array([1, 2, 6, np.nan])}
    found = values(evaluate([1, 3, 9, np.nan], details, level=0.5))
    assert found["coverage"] == pytest.approx(2 / 3)
    assert found["interval_score"] == pytest.approx(4 + 4 * 5 / 3)
    assert found["log_loss"] == pytest.approx(3.0)


def test_the_ends_are_inside():
    details = {"low": np.array([1.0, 2.0]), "high": np.array([1.0, 3.0])}
    assert values(evaluate([1, 3], details))["coverage"] == 1.0


def test_the_baseline_is_a_gaussian_and_the_quantiles_of_the_training_labels():
    truth = np.random.default_rng(0).gamma(2.0, 3.0, 500)
    details = {name: truth.copy() for name in ("low", "high", "log_loss")}
    report = evaluate(truth, details, level=0.8)
    expected = -stats.norm.logpdf(truth, truth.mean(), truth.std()).mean()
    assert report.baseline["log_loss"] == pytest.approx(expected)
    assert report.baseline["coverage"] == pytest.approx(0.8)
    low, high = np.quantile(truth, [0.1, 0.9])
    missed = np.maximum(np.maximum(low - truth, truth - high), 0).mean()
    assert report.baseline["interval_score"] == pytest.approx(high - low + 10 * missed)
    assert not report.higher_is_better("interval_score")
    assert not report.higher_is_better("log_loss")


@pytest.mark.parametrize(
    ("half", "verdict"), [(1.0, "too narrow"), (1.645, "kept"), (3.0, "too wide")]
)
def test_a_promise_is_judged(half, verdict):
    truth = np.random.default_rng(0).normal(size=2000)
    details = {"low": np.full(2000, -half), "high": np.full(2000, half)}
    report = evaluate(truth, details, resamples=200)
    assert report.verdict("coverage") == verdict
    assert TaskReport.from_dict(report.to_dict()) == report


def test_an_interval_between_whole_numbers_may_hold_more():
    truth = np.random.default_rng(0).poisson(1.0, 2000)
    details = {"low": np.zeros(2000), "high": np.full(2000, 4.0)}
    wide = evaluate(truth, details, kind="count", resamples=200)
    assert wide.verdict("coverage") == "kept"
    details["high"][:] = 1.0
    assert evaluate(truth, details, kind="count", resamples=200).verdict("coverage") == "too narrow"


def test_each_number_of_a_vector_by_itself():
    truth = np.array([[1.0, 5.0], [2.0, np.nan], [9.0, 9.0]])
    details = {"low": np.zeros((3, 2)), "high": np.full((3, 2), 6.0)}
    report = evaluate(truth, details, kind="vector")
    assert report.metrics["coverage"].value == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert report.by_name["0"]["coverage"].value == pytest.approx(2 / 3)
    assert report.by_name["1"]["coverage"].value == pytest.approx(1 / 2)
    assert set(report.baseline) == set(report.metrics)


def test_without_a_promise_nothing_is_judged():
    details = {"low": np.zeros(3), "high": np.ones(3), "spread": np.ones(3)}
    report = evaluate([1, 2, 3], details, level=0.0)
    assert set(report.metrics) == {"r2", "mae", "rmse"}
    assert report.promised == {}


def test_a_run_from_before_there_were_intervals():
    truth = np.array([1.0, 2.0, 3.0])
    details = {"low": truth, "high": truth, "log_loss": truth}
    report = evaluate_task("number", truth, truth, {"mean": 2.0}, details=Details(details, 0.9))
    assert math.isnan(report.baseline["log_loss"])
    assert report.metrics["log_loss"].value == pytest.approx(2.0)
    assert report.verdict("log_loss") is None

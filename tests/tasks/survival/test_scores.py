"""Survival: the concordance of all pairs, one case by hand; the baseline's likelihood."""

import math

import numpy as np
import pytest
from scipy import stats

from torso.tasks import evaluate_task, fit_baseline
from torso.tasks.survival.scores import Concordance


def pairwise(prediction, time, event, weights):
    """Return the concordance by looking at every pair."""
    right = pairs = 0.0
    for i in range(len(time)):
        for j in range(len(time)):
            later = time[j] > time[i] or (time[j] == time[i] and not event[j])
            if i != j and event[i] and later:
                both = weights[i] * weights[j]
                pairs += both
                right += both * (
                    1.0 if prediction[j] > prediction[i] else 0.5 * (prediction[j] == prediction[i])
                )
    return right / pairs if pairs else math.nan


def test_by_hand():
    """Known orders: 1 before 2, 3, 4; 3 before 4; the row censored at 2 says no more. One of four is wrong."""
    time, event = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, False])
    found = Concordance(np.array([2.0, 1.0, 5.0, 6.0]), time, event).measure(np.ones((1, 4)))
    assert found.tolist() == [0.75]


@pytest.mark.parametrize("seed", range(6))
def test_equals_the_count_of_all_pairs(seed):
    """With ties among times, among predictions, and with weights."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(2, 60))
    time = rng.integers(1, 15, rows).astype(float)
    prediction = rng.integers(0, 12, rows) + (seed % 2) * rng.normal(size=rows)
    event = rng.random(rows) < 0.6
    weights = rng.integers(0, 4, (5, rows)).astype(float)
    expected = [pairwise(prediction, time, event, one) for one in weights]
    np.testing.assert_allclose(Concordance(prediction, time, event).measure(weights), expected)


def test_without_events_no_order_is_known():
    found = Concordance(np.arange(3.0), np.arange(3.0), np.zeros(3, bool)).measure(np.ones((2, 3)))
    assert np.isnan(found).all()
    assert (
        len(Concordance(np.zeros(0), np.zeros(0), np.zeros(0, bool)).measure(np.ones((2, 0)))) == 2
    )


def test_the_baseline_is_the_likeliest_weibull():
    rng = np.random.default_rng(0)
    time, until = (
        stats.weibull_min(1.7, scale=40.0).rvs(3000, random_state=rng),
        rng.uniform(0, 100, 3000),
    )
    event = time <= until
    time = np.minimum(time, until)
    truth = np.stack([time, event], axis=1)
    learnt = fit_baseline("survival", truth)
    data = stats.CensoredData(uncensored=time[event], right=time[~event])
    shape, _, scale = stats.weibull_min.fit(data, floc=0)
    assert (learnt["shape"], learnt["scale"]) == pytest.approx((shape, scale), rel=1e-3)
    details = {"log_loss": np.zeros(3000)}
    report = evaluate_task("survival", time, truth, learnt, details=details, resamples=0)
    known = stats.weibull_min(learnt["shape"], scale=learnt["scale"])
    expected = -np.where(event, known.logpdf(time), known.logsf(time)).mean()
    assert report.baseline["log_loss"] == pytest.approx(expected)
    assert report.baseline["concordance"] == 0.5
    assert report.metrics["concordance"].value == 1.0


def test_twenty_thousand_rows_are_quick():
    from time import process_time

    rng = np.random.default_rng(0)
    time, event = rng.exponential(size=20_000), rng.random(20_000) < 0.5
    start = process_time()
    Concordance(rng.normal(size=20_000), time, event).measure(np.ones((20, 20_000)))
    assert process_time() - start < 3

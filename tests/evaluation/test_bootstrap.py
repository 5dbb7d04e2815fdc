"""Resamples are what they say, and the intervals cover what they promise."""

import math

import numpy as np
import pytest

from torso.evaluation.bootstrap import interval, reflected_interval, resamples_of, units_of
from torso.evaluation.weighted import Ranking


def drawn(units, resamples, seed=0):
    return np.concatenate(list(resamples_of(np.asarray(units), resamples, seed)))


def test_each_resample_draws_as_many_units_as_there_are():
    weights = drawn(np.arange(30), 200)
    assert weights.shape == (200, 30)
    assert (weights.sum(axis=1) == 30).all()
    assert weights.mean() == 1
    # a row is drawn Binomial(n, 1/n) times, of variance 1 - 1/n
    assert weights.var() == pytest.approx(1 - 1 / 30, abs=0.05)


def test_rows_of_a_group_come_together():
    weights = drawn([0, 1, 0, 2, 1], 50)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()


@pytest.mark.parametrize("units", [[], [0], [0, 0, 0]])
def test_fewer_than_two_units_give_no_resample(units):
    assert list(resamples_of(np.array(units, int), 10, 0)) == []


@pytest.mark.parametrize(
    "groups", [["b", "a", "b"], [7, 3, 7], [None, 1, None], [True, False, True]]
)
def test_units_number_the_groups_of_any_type(groups):
    assert units_of(np.array(groups, object)).tolist() == [0, 1, 0]


def test_interval_takes_percentiles_of_what_is_defined():
    values = np.concatenate([np.arange(101.0), [np.nan, np.inf]])
    assert interval(values) == pytest.approx((2.5, 97.5))
    assert all(math.isnan(bound) for bound in interval(np.array([np.nan])))


def test_reflected_interval_by_hand():
    # sin² of 45° ± 15°: percentiles at 30° and 75° about 45° reflect to 15° and 60°
    share = {angle: math.sin(math.radians(angle)) ** 2 for angle in (15, 30, 45, 60, 75)}
    low, high = reflected_interval(share[45], np.array([share[30], share[75]]), level=1.0)
    assert (low, high) == pytest.approx((share[15], share[60]))
    assert reflected_interval(1.0, np.array([0.9, 1.0])) == pytest.approx((1.0, 1.0))
    over = np.nextafter(1.0, 2.0)  # what rounding can make of a perfect score
    assert reflected_interval(over, np.array([over, over])) == pytest.approx((1.0, 1.0))


def coverage(draw, true, rounds=300, resamples=300):
    """Return the share of rounds in which the interval of the mean of what `draw` gives holds `true`."""
    held = 0
    for seed in range(rounds):
        values, units = draw(np.random.default_rng(seed))
        weights = drawn(units, resamples, seed)
        low, high = interval(weights @ values / weights.sum(axis=1))
        held += low <= true <= high
    return held / rounds


def test_interval_covers_the_true_accuracy():
    share = coverage(lambda rng: ((rng.random(150) < 0.8).astype(float), np.arange(150)), 0.8)
    assert 0.91 <= share <= 0.98


def test_groups_are_needed_where_rows_are_copies():
    def draw(rng, grouped):
        right = np.repeat((rng.random(60) < 0.7).astype(float), 10)
        return right, np.arange(600) // 10 if grouped else np.arange(600)

    assert coverage(lambda rng: draw(rng, True), 0.7, 200) >= 0.89
    assert coverage(lambda rng: draw(rng, False), 0.7, 200) <= 0.6


def test_average_precision_of_noise_does_not_beat_the_baseline():
    """The percentile interval would: a positive drawn twice ties with itself."""
    plain = reflected = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        classes = rng.integers(0, 8, 200)
        weights = drawn(np.arange(200), 200, seed)
        rankings = [Ranking(rng.random(200), classes == k) for k in range(8)]
        value = np.mean([ranking.measure(np.ones((1, 200)))[1][0] for ranking in rankings])
        values = np.nanmean([ranking.measure(weights)[1] for ranking in rankings], axis=0)
        plain += interval(values)[0] > 1 / 8
        reflected += reflected_interval(float(value), values)[0] > 1 / 8
    assert plain > 30
    assert reflected <= 6

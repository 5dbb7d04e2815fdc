"""Logarithms of labels: which ask for them, and that answers come back."""

import math

import numpy as np
import pytest

from torso.tasks._base.logarithm import Logarithm

DRAWS = {
    "normal": lambda rng, n: rng.normal(50, 9, n),
    "symmetric heavy tails": lambda rng, n: np.concatenate(
        [half := rng.standard_t(2, n // 2), -half]
    ),
    "uniform": lambda rng, n: rng.uniform(0, 9, n),
    "one wild label": lambda rng, n: np.append(rng.normal(50, 9, n - 1), 5000.0),
    "left tail": lambda rng, n: 100 - rng.lognormal(0, 1, n),
    "few values": lambda rng, n: rng.poisson(2, n).astype(float),
    "mostly zero": lambda rng, n: rng.lognormal(0, 1, n) * (rng.random(n) < 0.3),
    "years": lambda rng, n: 2020 - rng.lognormal(2, 1, n).round(),
}


@pytest.mark.parametrize("rows", [60, 1000])
@pytest.mark.parametrize("draw", DRAWS.values(), ids=list(DRAWS))
def test_labels_without_a_heavy_tail_stay_as_they_are(draw, rows):
    rng = np.random.default_rng(0)
    assert all(Logarithm.asked_for_by(draw(rng, rows)) is None for _ in range(20))


@pytest.mark.parametrize("rows", [60, 1000])
def test_labels_with_a_heavy_tail_ask_for_logarithms(rows):
    rng = np.random.default_rng(0)
    money = Logarithm.asked_for_by(rng.lognormal(4, 1.5, rows))
    assert money is not None and money.shift < 1 and not money.signed
    counts = rng.negative_binomial(0.7, 0.02, rows).astype(float)
    assert Logarithm.asked_for_by(counts).shift > 0
    profit = rng.lognormal(4, 1.5, rows) - 20
    assert Logarithm.asked_for_by(profit).signed
    assert Logarithm.asked_for_by(np.arange(20.0) ** 9) is None  # too few


def test_by_hand():
    logarithm = Logarithm(shift=1.0, least=-0.999)
    labels = np.array([0.0, math.e - 1, -1.0, np.nan])
    assert logarithm.of_labels(labels) == pytest.approx([0, 1, np.nan, np.nan], nan_ok=True)
    assert logarithm.labels_of(np.array([0.0, 1.0])) == pytest.approx([0, math.e - 1])
    assert logarithm.log_slope(np.array([0.0, 1.0])) == pytest.approx([0, -math.log(2)])
    signed = Logarithm(shift=2.0, signed=True)
    assert signed.labels_of(signed.of_labels(np.array([-7.0, 0.0, 3.0]))) == pytest.approx(
        [-7, 0, 3]
    )
    assert signed.log_slope(np.array([0.0])) == pytest.approx([-math.log(2)])


@pytest.mark.parametrize("logarithm", [Logarithm(0.0), Logarithm(1.0), Logarithm(3.0, signed=True)])
def test_the_slope_is_that_of_the_curve(logarithm):
    labels, step = np.array([0.5, 4.0, 300.0]), 1e-6
    rise = logarithm.of_labels(labels + step) - logarithm.of_labels(labels - step)
    assert logarithm.log_slope(labels) == pytest.approx(np.log(rise / (2 * step)), abs=1e-4)


def test_answers_are_finite_and_keep_their_precision():
    wild = np.array([-1e9, 1e9], np.float32)
    for logarithm in (Logarithm(1.0), Logarithm(1.0, signed=True)):
        labels = logarithm.labels_of(wild)
        assert np.isfinite(labels).all() and labels.dtype == np.float32

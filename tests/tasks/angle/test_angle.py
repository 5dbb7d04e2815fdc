"""Angles by hand-worked numbers, and against scipy."""

import math

import numpy as np
import pytest
import torch
from scipy.special import ive
from scipy.stats import vonmises

import torso
from torso.columns.reading import Reading
from torso.core.errors import DataError
from torso.tables.table import read_table
from torso.tasks import evaluate_task, fit_baseline
from torso.tasks.angle import AngleTarget, VonMises
from torso.tasks.angle.bessel import bessel_ratio, plain_bessel_ratio


def column(values):
    return read_table({"x": values}).column("x")


def fitted(values, **settings):
    kind = AngleTarget(**settings)
    kind.fit(column(values))
    return kind


def test_the_ratio_of_bessel_functions_by_arithmetic_is_that_of_scipy():
    k = np.exp(np.linspace(-7.0, math.log(1e4), 3000))
    expected = ive(1, k) / ive(0, k)
    np.testing.assert_allclose(plain_bessel_ratio(torch.from_numpy(k)), expected, rtol=2e-8)
    np.testing.assert_allclose(bessel_ratio(torch.from_numpy(k)), expected, rtol=1e-12)


# --- target ---------------------------------------------------------------------------------------


def test_the_mean_of_350_and_20_degrees_is_5():
    kind = fitted([350.0, 20.0, None])
    assert math.degrees(kind.direction) == pytest.approx(5.0)
    reading = Reading()
    targets = kind.encode(column([-90.0, 270.0, 630.0, float("inf"), None]), reading)
    np.testing.assert_allclose(targets[:3], math.radians(270), rtol=1e-6)
    assert np.isnan(targets[3:]).all()
    assert [(one.row, one.reason) for one in reading.log.skipped] == [(4, "not a finite number")]


@pytest.mark.parametrize(("period", "noon"), [(24.0, 12.0), (360.0, 180.0), (2 * math.pi, math.pi)])
def test_answers_are_in_the_unit_of_the_labels(period, noon):
    kind = fitted([0.0, noon / 2], period=period)
    details = {"spread": np.array([math.pi / 2, 0.0]), "concentration": np.array([2.0, 3.0])}
    columns = kind.columns("x", np.float32([math.pi, 2 * math.pi]), details)
    value, spread, concentration = (array.to_pylist() for array in columns.values())
    assert list(columns) == ["x", "x_spread", "x_concentration"]
    assert value == pytest.approx([noon, 0.0], abs=1e-4)
    assert all(0 <= angle < period for angle in value)
    assert spread == pytest.approx([noon / 2, 0.0])
    assert concentration == [2.0, 3.0]


def test_one_direction_is_nothing_to_learn():
    with pytest.raises(
        DataError, match=r"an angle target should have at least two values.*Found 10 "
    ):
        fitted([10.0, 370.0])
    with pytest.raises(ValueError, match=r"`period` should be a number above 0\. Found 0"):
        AngleTarget(period=0)


# --- head -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("concentration", [0.01, 1.0, 50.0, 5000.0])
def test_the_likelihood_is_that_of_scipy(concentration):
    head = VonMises(3, direction=1.0, concentration=concentration).double()
    angles = torch.tensor([0.0, 1.0, 3.0, 6.0], dtype=torch.float64)
    expected = -vonmises.logpdf(angles.numpy(), concentration, loc=1.0)
    losses = head.nll(torch.zeros(4, 2, dtype=torch.float64), angles)
    np.testing.assert_allclose(losses.detach().numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_step_round_the_end_of_a_turn_is_a_small_step():
    head = VonMises(3, direction=math.radians(359), concentration=10.0)
    near, far = head.nll(torch.zeros(2, 2), torch.tensor([math.radians(1), math.radians(181)]))
    assert (far - near).item() == pytest.approx(10 * 2 * math.cos(math.radians(2)), rel=1e-4)


def test_the_spread_of_a_high_concentration_is_that_of_a_gaussian():
    head = VonMises(3, concentration=400.0)
    assert head.spread(torch.zeros(1, 2)).item() == pytest.approx(1 / 20, rel=1e-2)


def test_held_out_rows_set_the_concentration():
    """Errors of 0.1 radians on either side: the likeliest concentration is about 1 / 0.1²."""
    head = VonMises(3, concentration=1.0)
    head.calibrate(torch.zeros(40, 2), 0.1 * torch.tensor([1.0, -1.0]).repeat(20))
    assert head.log_concentration.exp().item() == pytest.approx(100.0, rel=0.02)


def test_each_row_may_have_a_concentration_of_its_own():
    head = VonMises(3, concentration=1.0, spread="row")
    details = head.details(torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, math.log(9.0)]]))
    assert details["concentration"].tolist() == pytest.approx([1.0, 9.0])
    assert details["spread"][0] > details["spread"][1]
    with pytest.raises(ValueError, match=r"'learned' or 'row'\. Found 'none'"):
        VonMises(3, spread="none")


# --- scores ---------------------------------------------------------------------------------------


def turns(angles, period=360.0):
    return np.stack([np.array(angles), np.full(len(angles), period)], axis=1)


def test_errors_go_the_shorter_way_round():
    truth = turns([350.0, 10.0, 180.0, 90.0])
    report = evaluate_task(
        "angle", turns([10.0, 350.0, 170.0, 90.0]), truth, fit_baseline("angle", truth)
    )
    assert report.metrics["mae"].value == pytest.approx((20 + 20 + 10 + 0) / 4)
    assert report.metrics["median_error"].value == pytest.approx(15.0)
    hours = evaluate_task(
        "angle", turns([23.0], 24.0), turns([1.0], 24.0), fit_baseline("angle", truth)
    )
    assert hours.metrics["mae"].value == pytest.approx(2.0)


def test_half_of_the_scatter():
    """Four winds have no mean direction: a scatter of 1 each. One of two answers is right, the other a quarter off."""
    truth = turns([0.0, 90.0, 180.0, 270.0])
    report = evaluate_task(
        "angle", turns([0.0, 0.0, 180.0, 180.0]), truth, fit_baseline("angle", truth)
    )
    assert report.metrics["circular_r2"].value == pytest.approx(0.5)


def test_the_baseline_is_the_likeliest_von_mises_distribution():
    angles = np.random.default_rng(0).vonmises(2.0, 3.0, 5000)
    learnt = fit_baseline("angle", turns(np.degrees(angles)))
    assert learnt["direction"] == pytest.approx(2.0, abs=0.03)
    assert learnt["concentration"] == pytest.approx(3.0, rel=0.05)
    truth = turns(np.degrees(angles[:50]))
    report = evaluate_task("angle", truth, truth, learnt, details={"log_loss": np.zeros(50)})
    expected = -vonmises.logpdf(angles[:50], learnt["concentration"], loc=learnt["direction"])
    assert report.baseline["log_loss"] == pytest.approx(expected.mean())


# --- from a table to answers ----------------------------------------------------------------------


def test_the_wind_of_a_run():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 300))
    wind = np.degrees(np.arctan2(y, x) + 0.1 * rng.normal(size=300)) % 360
    table = {"x": x.tolist(), "y": y.tolist(), "wind": [None, *wind[1:].tolist()]}
    settings = {"dim": 16, "training.epochs": 15, "training.lr": 1e-2, "training.batch_size": 32}
    run = torso.fit(table, {"wind": "angle"}, settings=settings)
    report = run.reports["wind"]
    assert report.verdict() == report.verdict("mae") == report.verdict("log_loss") == "better"
    answers = run.predict(table)
    assert answers["wind"].between(0, 360, inclusive="left").all()
    assert list(answers) == ["wind", "wind_spread", "wind_concentration"]

"""Censored likelihoods of times."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from torso.core.errors import ConfigError
from torso.tasks import Head
from torso.tasks.survival import Hazards, LogLogistic, LogNormal, Weibull

ENDS, HAZARDS = [1.0, 3.0], [0.5, 0.25, 1.0]
TIMES = np.array([0.2, 1.0, 2.5, 4.0, 30.0])


def targets_of(times, event):
    return torch.tensor(np.stack([times, np.full(len(times), event)], axis=1))


def same(outputs, rows):
    return torch.tensor([outputs] * rows, dtype=torch.float64)


def accelerated(part, spread=0.5, **settings):
    head = part(4, 1.0, 0.8, **settings).double()
    with torch.no_grad():
        head.log_spread.fill_(math.log(spread))
    return head


def of_scipy(part, center, spread):
    """Return the distribution with the log median 1 + 0.8 `center` and the log spread 0.8 `spread`."""
    median, scale = math.exp(1.0 + 0.8 * center), 0.8 * spread
    if part is LogNormal:
        return stats.lognorm(scale, scale=median)
    if part is LogLogistic:
        return stats.fisk(1 / scale, scale=median)
    return stats.weibull_min(1 / scale, scale=median / math.log(2) ** scale)


def test_one_number_by_hand():
    """No noise but chance: hazard log 2 per median. Median 1: an event at 1 has density log(2) / 2."""
    head = Weibull(4, 0.0, 1.0).double()
    zero = torch.zeros(3, 1, dtype=torch.float64)
    targets = torch.tensor([[1.0, 1.0], [2.0, 0.0], [torch.nan, torch.nan]]).double()
    losses = head.log_loss(zero, targets)[:2].tolist()
    assert losses == pytest.approx([-math.log(math.log(2) / 2), math.log(4)])
    assert head.labelled(targets).tolist() == [True, True, False]
    assert head.predict(zero)[0].item() == pytest.approx(1.0)


def test_one_number_by_hand_in_pieces():
    """Hazard 1/2 until 1, 1/4 until 3, then 1: at 4 it adds up to 1/2 + 1/2 + 1."""
    head = Hazards(4, ENDS, HAZARDS, horizons=[1.0, 3.0]).double()
    zero = torch.zeros(2, 3, dtype=torch.float64)
    targets = torch.tensor([[4.0, 0.0], [3.0, 1.0]]).double()
    assert head.log_loss(zero, targets).tolist() == pytest.approx([2.0, 1.0 + math.log(4)])
    assert head.predict(zero)[0].item() == pytest.approx(1 + (math.log(2) - 0.5) * 4)
    details = head.details(zero)
    assert details["survival_1"][0].item() == pytest.approx(math.exp(-0.5))
    assert details["survival_3"][0].item() == pytest.approx(math.exp(-1.0))
    assert details["high"][0].item() == pytest.approx(3 + math.log(20) - 1)


@pytest.mark.parametrize("part", [Weibull, LogNormal, LogLogistic])
@pytest.mark.parametrize(("center", "spread"), [(0.0, 1.0), (-1.5, 0.3), (2.0, 1.7)])
def test_the_likelihood_is_that_of_scipy(part, center, spread):
    head, known = accelerated(part, spread, horizons=[2.0]), of_scipy(part, center, spread)
    outputs = same([center], 5)
    events = head.log_loss(outputs, targets_of(TIMES, 1.0)).detach().numpy()
    np.testing.assert_allclose(events, -known.logpdf(TIMES), rtol=1e-5, atol=1e-6)
    rest = head.log_loss(outputs, targets_of(TIMES, 0.0)).detach().numpy()
    np.testing.assert_allclose(rest, -known.logsf(TIMES), rtol=1e-5, atol=1e-6)
    details = {name: value[0].item() for name, value in head.details(outputs).items()}
    assert head.predict(outputs)[0].item() == pytest.approx(known.median())
    assert [details["low"], details["high"]] == pytest.approx(known.ppf([0.05, 0.95]))
    assert details["survival_2"] == pytest.approx(known.sf(2.0), rel=1e-5)


def test_equal_hazards_are_the_exponential_of_scipy():
    head = Hazards(4, ENDS, [0.3] * 3, log_mean=1.0).double()
    outputs = same([math.log(2.0)] * 3, 5)
    known = stats.expon(scale=1 / 0.6)
    events, rest = (head.log_loss(outputs, targets_of(TIMES, one)) for one in (1.0, 0.0))
    np.testing.assert_allclose(events.detach(), -known.logpdf(TIMES), rtol=1e-6)
    np.testing.assert_allclose(rest.detach(), -known.logsf(TIMES), rtol=1e-6)
    details = head.details(outputs)
    ends = [head.predict(outputs)[0].item(), details["low"][0].item(), details["high"][0].item()]
    assert ends == pytest.approx(known.ppf([0.5, 0.05, 0.95]), rel=1e-6)


def test_another_unit_is_another_unit_and_nothing_else():
    """Days for years: the same training loss, medians converted."""
    years, days = Weibull(4, 1.0, 0.8).double(), Weibull(4, 1.0 + math.log(365), 0.8).double()
    pieces = Hazards(4, ENDS, HAZARDS, 1.0).double()
    fine = Hazards(
        4, [365 * one for one in ENDS], [one / 365 for one in HAZARDS], 1.0 + math.log(365)
    ).double()
    torch.manual_seed(0)
    for one, other, width in ((years, days, 1), (pieces, fine, 3)):
        outputs = torch.randn(5, width, dtype=torch.float64)
        for event in (0.0, 1.0):
            loss = one.nll(outputs, targets_of(TIMES, event))
            again = other.nll(outputs, targets_of(365 * TIMES, event))
            torch.testing.assert_close(loss, again, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            365 * one.predict(outputs), other.predict(outputs), rtol=1e-5, atol=0
        )


def test_calibration_finds_the_spread_although_half_the_times_are_censored():
    rng = np.random.default_rng(0)
    time = of_scipy(Weibull, 0.0, 0.4).rvs(6000, random_state=rng)
    until = of_scipy(Weibull, 0.0, 0.4).rvs(6000, random_state=rng)
    targets = torch.tensor(np.stack([np.minimum(time, until), time <= until], axis=1))
    head = accelerated(Weibull, 2.0)
    head.calibrate(same([0.0], 6000), targets)
    assert head.log_spread.exp().item() == pytest.approx(0.4, rel=0.05)


@pytest.mark.parametrize("part", [Weibull, LogNormal, LogLogistic])
def test_a_wild_output_gives_a_time(part):
    head = accelerated(part, spread=50.0).float()
    outputs = torch.tensor([[1e9], [-1e9]])
    assert head.predict(outputs).isfinite().all()
    assert all(value.isfinite().all() for value in head.details(outputs).values())
    for event in (0.0, 1.0):
        loss = head.loss(outputs, targets_of(TIMES[:2], event).float())
        assert loss.isfinite()


def test_pieces_are_checked():
    with pytest.raises(ConfigError, match="a positive number for each piece"):
        Head.registry.build("survival/hazards", dim=4, ends=[1.0], hazards=[1.0])


def test_one_wave_is_one_proportion_and_more_are_smooth():
    features = torch.randn(5, 4, dtype=torch.float64)
    one = Hazards(4, ENDS, HAZARDS, waves=1).double()(features)
    assert one.shape == (5, 3)
    assert torch.equal(one, one[:, :1].expand(-1, 3))
    two = Hazards(4, ENDS, HAZARDS, waves=2).double()
    amplitudes = two.layers(features)
    # the middles of three pieces are at 30, 90 and 150 degrees of half a wave
    slope = torch.tensor([3**0.5 / 2, 0.0, -(3**0.5) / 2], dtype=torch.float64)
    torch.testing.assert_close(two(features), amplitudes[:, :1] + amplitudes[:, 1:] * slope)
    with pytest.raises(ValueError, match=r"`waves` should be at least 1. Found 0"):
        Hazards(4, ENDS, HAZARDS, waves=0)

"""Student's t likelihood."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from torso.core.errors import ConfigError
from torso.tasks import Head
from torso.tasks.number import Gaussian, Student


def head(freedom=3.0, spread=0.5, **settings):
    built = Student(4, 10.0, 2.0, **settings).double()
    with torch.no_grad():
        built.log_tail.fill_(math.log(freedom - 1))
        built.log_spread.fill_(math.log(spread))
    return built


def test_one_number_by_hand():
    """One degree of freedom more than none is as heavy as it gets: close to Cauchy, 1 / (pi (1 + 1))."""
    outputs, targets = torch.zeros(2, 1).double(), torch.tensor([11.0, torch.nan]).double()
    loss = head(1.0 + math.exp(-6.0)).loss(outputs, targets).item()
    assert loss == pytest.approx(math.log(2 * math.pi) + math.log(0.5), abs=2e-3)


@pytest.mark.parametrize("freedom", [1.2, 3.0, 40.0])
def test_the_likelihood_is_that_of_scipy(freedom):
    outputs = torch.linspace(-3, 3, 7).double().unsqueeze(1)
    targets = torch.tensor([9.0, 30.0, -4.0, 10.0, 12.0, 11.0, 1e3]).double()
    built = head(freedom)
    expected = stats.t.logpdf(targets, freedom, loc=10 + 2 * outputs[:, 0], scale=1.0)
    found = built.log_loss(outputs, targets).detach().numpy()
    np.testing.assert_allclose(found, -expected, rtol=1e-6)
    built.reach.zero_()
    details = built.details(outputs)
    ends = stats.t.ppf([0.05, 0.95], freedom)
    np.testing.assert_allclose(
        details["high"].detach(), 10 + 2 * outputs[:, 0] + ends[1], rtol=1e-6
    )
    np.testing.assert_allclose(details["low"].detach(), 10 + 2 * outputs[:, 0] + ends[0], rtol=1e-6)


def test_many_degrees_of_freedom_are_the_gaussian():
    outputs, targets = torch.zeros(3, 1).double(), torch.tensor([9.0, 10.5, 12.0]).double()
    gaussian = Gaussian(4, 10.0, 2.0).double()
    found = head(1 + math.exp(6.0), 1.0).nll(outputs, targets)
    torch.testing.assert_close(found, gaussian.nll(outputs, targets), rtol=0, atol=5e-3)
    spread = head(1 + math.exp(6.0), 1.0).spread(outputs)
    torch.testing.assert_close(spread, gaussian.spread(outputs), rtol=5e-3, atol=0)


def test_calibration_finds_spread_and_tails():
    rng = np.random.default_rng(0)
    targets = torch.tensor(10 + 2 * 0.3 * rng.standard_t(2.5, 6000))
    built = head(freedom=30.0, spread=1.0)
    built.calibrate(torch.zeros(6000, 1).double(), targets)
    assert built.freedom.item() == pytest.approx(2.5, rel=0.15)
    assert built.log_spread.exp().item() == pytest.approx(0.3, rel=0.05)


def test_an_outlier_pulls_less_than_it_does_in_a_gaussian():
    outputs = torch.zeros(1, 1).double().requires_grad_()
    head(2.0, 1.0).loss(outputs, torch.tensor([1e4]).double()).backward()
    assert 0 < -outputs.grad.item() < 1e-2


def test_a_spread_of_none_is_refused():
    with pytest.raises(ConfigError, match=r"`spread` should be 'learned' or 'row'\. Found 'none'"):
        Head.registry.build({"type": "number/student", "spread": "none"}, dim=4)

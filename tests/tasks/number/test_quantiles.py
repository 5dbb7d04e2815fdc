"""Quantile regression and its conformal interval."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from torso.core.errors import ConfigError
from torso.tasks import Head
from torso.tasks.number import Quantiles

PLACES = [0.05, 0.25, 0.5, 0.75, 0.95]


def standard_outputs(rows, places=PLACES):
    """Return outputs whose quantiles are those of a standard Gaussian."""
    wanted = stats.norm.ppf(places)
    steps = np.log(np.expm1(np.diff(wanted)))
    middle = places.index(0.5)
    row = [*steps[:middle], 0.0, *steps[middle:]]
    return torch.tensor([row] * rows, dtype=torch.float64)


def test_one_number_by_hand():
    """All quantiles at 11, the label at 13, one standard deviation above: q * 1 - log(q (1 - q)) each."""
    head = Quantiles(4, 10.0, 2.0, quantiles=[]).double()
    with torch.no_grad():
        head.log_scale.zero_()
    outputs = torch.tensor([[-50.0, 0.5, -50.0]], dtype=torch.float64)
    loss = head.loss(outputs, torch.tensor([13.0]).double()).item()
    pinballs = [0.05, 0.5, 0.95]  # of an error of one
    constants = [math.log(0.05 * 0.95), math.log(0.25), math.log(0.05 * 0.95)]
    assert loss == pytest.approx((sum(pinballs) - sum(constants)) / 3)
    assert head.predict(outputs).item() == 11.0


def test_the_likelihood_is_the_asymmetric_laplace_of_scipy():
    head = Quantiles(4, 0.0, 1.0).double()
    torch.nn.init.normal_(head.log_scale)
    outputs, targets = standard_outputs(5), torch.tensor([-3.0, -0.5, 0.0, 0.1, 2.0]).double()
    expected = np.zeros(5)
    for place, scale, at in zip(
        PLACES, head.log_scale.exp().tolist(), stats.norm.ppf(PLACES), strict=True
    ):
        kappa = math.sqrt(place / (1 - place))
        expected -= stats.laplace_asymmetric.logpdf(targets, kappa, at, scale * kappa / place)
    found = head.nll(outputs, targets).detach().numpy()
    np.testing.assert_allclose(found, expected / 5, rtol=1e-6)


def test_quantiles_never_cross_and_have_names():
    head = Quantiles(4, 50.0, 20.0, quantiles=[0.9, 0.1, 0.5]).double()
    torch.manual_seed(0)
    outputs = 5 * torch.randn(100, 5, dtype=torch.float64)
    details = head.details(outputs)
    assert list(details) == ["low", "high", "quantile_0.9", "quantile_0.1", "quantile_0.5"]
    names = ["low", "quantile_0.1", "quantile_0.5", "quantile_0.9", "high"]
    assert (torch.stack([details[name] for name in names]).diff(dim=0) >= 0).all()
    assert torch.equal(details["quantile_0.5"], head.predict(outputs))


def test_descent_finds_the_quantiles_of_what_it_sees():
    """... of a skew distribution, which no spread describes."""
    torch.manual_seed(0)
    targets = torch.distributions.Gamma(2.0, 1.0).sample((4000,)).double()
    head = Quantiles(4, 2.0, 1.4, quantiles=[0.25]).double()
    row = torch.zeros(1, 4, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([row, *head.parameters()], lr=0.05)
    for _ in range(400):
        optimizer.zero_grad()
        head.loss(row.expand(4000, 4), targets).backward()
        optimizer.step()
    details = {name: value.item() for name, value in head.details(row.detach()).items()}
    expected = stats.gamma.ppf([0.05, 0.95, 0.25], 2.0)
    assert [details[name] for name in ("low", "high", "quantile_0.25")] == pytest.approx(
        expected, abs=0.15
    )


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_held_out_rows_set_the_interval_right(factor):
    """Labels spread half or twice as far as thought: the ends move in or out until 90 % are held."""
    torch.manual_seed(0)
    head = Quantiles(4, 0.0, 1.0).double()
    seen, new = (factor * torch.randn(2000, dtype=torch.float64) for _ in range(2))
    outputs = standard_outputs(2000)
    head.calibrate(outputs, seen)
    details = head.details(outputs)
    held = ((details["low"] <= new) & (new <= details["high"])).double().mean().item()
    assert held == pytest.approx(0.9, abs=0.025)


def test_shares_are_checked():
    for settings in ({"level": 1.0}, {"quantiles": [0.5, 1.5]}):
        with pytest.raises(ConfigError, match="should lie between 0 and 1"):
            Head.registry.build({"type": "number/quantiles", **settings}, dim=4)

"""Poisson and negative binomial likelihoods."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from torso.tasks.count import NegativeBinomial, Poisson
from torso.tasks.count.head import _rise

COUNTS = torch.tensor([0.0, 1.0, 4.0, 30.0, 2000.0], dtype=torch.float64)
RATES = np.array([1e-3, 0.4, 2.5, 17.0, 1800.0])


def outputs_of(rates, mean):
    return torch.tensor(np.log(rates / mean)).unsqueeze(1)


def binomial(dispersion, mean=2.0, **settings):
    head = NegativeBinomial(4, mean, **settings).double()
    if head.source == "row":
        return head
    with torch.no_grad():
        head.log_dispersion.fill_(math.log(dispersion))
    return head


def test_one_number_by_hand():
    """Mean 2, count 3: e^-2 2^3 / 3!; with dispersion 1 it is geometric: (2/3)^3 / 3."""
    zero = torch.zeros(2, 1, dtype=torch.float64)
    count = torch.tensor([3.0, torch.nan], dtype=torch.float64)
    assert Poisson(4, 2.0).double().loss(zero, count).item() == pytest.approx(2 - math.log(8 / 6))
    assert binomial(1.0).loss(zero, count).item() == pytest.approx(-math.log(8 / 81))
    assert Poisson(4, 2.0).predict(zero).tolist() == pytest.approx([2.0, 2.0])
    assert binomial(1.0).spread(zero)[0].item() == pytest.approx(math.sqrt(2 + 4))


def test_the_likelihood_is_that_of_scipy():
    head, outputs = Poisson(4, 2.0).double(), outputs_of(RATES, 2.0)
    expected = -stats.poisson.logpmf(COUNTS, RATES)
    np.testing.assert_allclose(head.nll(outputs, COUNTS).numpy(), expected, rtol=1e-6)
    for dispersion in (1e-5, 0.01, 0.3, 1.0, 20.0):
        size = 1 / dispersion
        expected = -stats.nbinom.logpmf(COUNTS, size, size / (size + RATES))
        found = binomial(dispersion).nll(outputs, COUNTS).detach().numpy()
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_without_dispersion_it_is_the_poisson():
    outputs = outputs_of(RATES, 2.0)
    nearly = binomial(6.2e-6).nll(outputs, COUNTS)
    poisson = Poisson(4, 2.0).double().nll(outputs, COUNTS)
    torch.testing.assert_close(nearly[:4], poisson[:4], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("size", [1e-2, 7.99, 8.01, 300.0, 1e5])
def test_logarithms_of_huge_factorials_leave_no_noise(size):
    """In float32, `lgamma(10^5 + 3) - lgamma(10^5)` alone would be off by a tenth."""
    expected = sum(math.log1p(step / size) for step in range(3))
    found = _rise(torch.tensor(3.0), torch.tensor(size))
    assert found.item() == pytest.approx(expected, rel=2e-4, abs=3e-6)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_intervals_end_at_the_quantiles_of_scipy(level):
    ends = (1 - level) / 2, (1 + level) / 2
    outputs = outputs_of(RATES, 2.0)
    found = Poisson(4, 2.0, level=level).double().details(outputs)
    for name, share in zip(("low", "high"), ends, strict=True):
        np.testing.assert_array_equal(found[name], stats.poisson.ppf(share, RATES))
    for dispersion in (1e-4, 0.3, 5.0):
        size = 1 / dispersion
        found = binomial(dispersion, level=level).details(outputs)
        for name, share in zip(("low", "high"), ends, strict=True):
            expected = stats.nbinom.ppf(share, size, size / (size + RATES))
            np.testing.assert_array_equal(found[name].detach(), expected)


def test_calibration_finds_the_dispersion():
    rng = np.random.default_rng(0)
    rates = rng.uniform(1, 20, 4000)
    counts = torch.tensor(rng.poisson(rates * rng.gamma(2.0, 0.5, 4000)), dtype=torch.float64)
    head = binomial(5.0)
    head.calibrate(outputs_of(rates, 2.0), counts)
    assert head.log_dispersion.exp().item() == pytest.approx(0.5, rel=0.1)
    as_it_was = head.log_dispersion.clone()
    head.calibrate(outputs_of(rates, 2.0), torch.full_like(counts, torch.nan))
    assert torch.equal(head.log_dispersion, as_it_was)


def test_a_dispersion_for_each_row():
    head = NegativeBinomial(4, 2.0, spread="row").double()
    outputs = torch.tensor([[0.0, 0.0], [0.0, -9.0]], dtype=torch.float64)
    assert head.spread(outputs).tolist() == pytest.approx([math.sqrt(6), math.sqrt(2)], rel=1e-3)


def test_wild_outputs_are_bounded():
    for head in (Poisson(4, 2.0), NegativeBinomial(4, 2.0)):
        rate = head.predict(torch.tensor([[1e9], [-1e9]]))
        assert rate.tolist() == pytest.approx([2 * math.exp(15), 2 * math.exp(-15)], rel=1e-4)
        assert head.details(torch.tensor([[1e9], [-1e9]]))["high"].isfinite().all()


@pytest.mark.parametrize("head", [Poisson(4, 2.0), binomial(0.3), binomial(6e-6), binomial(400.0)])
def test_quantiles_as_tensor_operations_are_the_same_whole_numbers(head):
    head = head.double().eval()
    outputs = torch.linspace(-9.0, 9.3, 5001, dtype=torch.float64)[:, None]
    outputs = torch.cat([outputs, torch.tensor([[-99.0], [13.0], [99.0]])])
    expected = head.details(outputs)
    head.hold_still()
    for name, given in head.details(outputs).items():
        few = expected[name] < 2**14
        assert torch.equal(given[few], expected[name][few]) and few.sum() > 4000, name
        torch.testing.assert_close(given, expected[name], rtol=1 / 2**14, atol=0.0)


def test_intervals_of_each_rows_own_dispersion_stay_out_of_graphs():
    assert "`spread: learned` can be exported" in binomial(1.0, spread="row").obstacle()
    assert not binomial(1.0).obstacle()

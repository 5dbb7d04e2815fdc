"""Intervals that hold what they promise."""

import pytest
import torch

from torso.core.errors import ConfigError
from torso.tasks import Head
from torso.tasks._base.intervals import conformal_bound
from torso.tasks.number import Gaussian
from torso.tasks.vector import GaussianVector


def test_one_number_by_hand():
    """Nine distances and a level of 0.9: the ninth of ten places, that is the largest."""
    distances = torch.tensor([3.0, 1.0, 9.0, 4.0, torch.nan, 2.0, 7.0, 5.0, 8.0, 6.0])
    assert conformal_bound(distances, 0.9) == 9.0
    assert conformal_bound(distances, 0.5) == 5.0
    assert conformal_bound(distances[1:], 0.9) is None
    assert conformal_bound(distances[:0], 0.9) is None


def test_it_holds_the_promised_share_on_average_whatever_the_distribution():
    """Exactly k / (n + 1) in expectation: 18 of 20 for 19 distances."""
    generator = torch.Generator().manual_seed(0)
    draws = torch.rand(4000, 20, generator=generator) ** 3
    held = [float(row[19] <= conformal_bound(row[:19], 0.9)) for row in draws]
    assert sum(held) / 4000 == pytest.approx(0.9, abs=0.015)


@pytest.mark.parametrize("spread", ["learned", "row", "none"])
def test_an_interval_is_fitted_on_held_out_rows(spread):
    torch.manual_seed(0)
    head = Gaussian(4, 50.0, 20.0, spread=spread).double()
    outputs = torch.randn(2000, 2 if spread == "row" else 1, dtype=torch.float64)

    def labels():
        scale = 7.0 if spread != "row" else 7.0 * outputs[:, 1].exp()
        return head.predict(outputs) + scale * torch.distributions.StudentT(2.0).sample((2000,))

    head.calibrate(outputs, labels())
    details, new = head.details(outputs), labels()
    held = ((details["low"] <= new) & (new <= details["high"])).double().mean().item()
    assert held == pytest.approx(0.9, abs=0.025)


def test_without_held_out_rows_it_is_that_of_the_likelihood():
    head = Gaussian(4, 50.0, 20.0, level=0.95).double()
    details = head.details(torch.zeros(1, 1, dtype=torch.float64))
    assert details["low"].item() == pytest.approx(50 - 20 * 1.959964)
    assert details["high"].item() == pytest.approx(50 + 20 * 1.959964)


def test_each_number_of_a_vector_has_its_own():
    torch.manual_seed(0)
    head = GaussianVector(4, [0.0, 0.0], [1.0, 100.0], spread="none").double()
    labels = torch.randn(500, 2, dtype=torch.float64) * torch.tensor([3.0, 10.0])
    labels[:, 1][5:] = torch.nan  # too few are left
    head.calibrate(torch.zeros(500, 2, dtype=torch.float64), labels)
    high = head.details(torch.zeros(1, 2, dtype=torch.float64))["high"][0].tolist()
    assert high == pytest.approx([3 * 1.645, 100 * 1.645], rel=0.1)


def test_a_level_is_a_share():
    with pytest.raises(ConfigError, match=r"`level` should be at most 1\..*Found 90"):
        Head.registry.build({"type": "number/gaussian", "level": 90}, dim=4)

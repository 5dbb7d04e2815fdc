"""Cumulative logits."""

import math

import pytest
import torch
from scipy import stats

from torso.core.errors import ConfigError
from torso.tasks import Head
from torso.tasks.ordinal import CumulativeLogits

CUTS = 0.0, math.log(3.0)


def head(cuts=CUTS, **settings):
    built = CumulativeLogits(4, len(cuts) + 1, **settings).double()
    with torch.no_grad():
        built.first.fill_(cuts[0])
        gaps = torch.tensor(cuts, dtype=torch.float64).diff() - 1e-4
        built.gaps.copy_(torch.log(torch.expm1(gaps)))
    return built


def test_one_number_by_hand():
    """P(class <= 0) = 1/2 and P(class <= 1) = 3/4, so the classes have 1/2, 1/4, 1/4."""
    outputs = torch.zeros(2, 1, dtype=torch.float64)
    assert head().predict(outputs)[0].tolist() == pytest.approx([0.5, 0.25, 0.25])
    loss = head().loss(outputs, torch.tensor([1, -1]))
    assert loss.item() == pytest.approx(math.log(4.0))


def test_the_likelihood_is_a_difference_of_logistic_distributions_in_scipy():
    cuts = [-1.3, 0.2, 0.9, 4.0]
    outputs = torch.linspace(-5, 5, 11, dtype=torch.float64).unsqueeze(1)
    edges = [-math.inf, *cuts, math.inf]
    for place in range(5):
        expected = -torch.tensor(
            [
                math.log(
                    stats.logistic.cdf(edges[place + 1] - f) - stats.logistic.cdf(edges[place] - f)
                )
                for f in outputs[:, 0].tolist()
            ],
            dtype=torch.float64,
        )
        found = head(cuts).nll(outputs, torch.full((11,), place))
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


def test_far_out_the_logarithm_stays_exact():
    """There sigmoid(b) - sigmoid(a) is 0 in float64: log(e^-100 - e^-101) = -100 + log(1 - 1/e)."""
    outputs = torch.tensor([[100.0]], dtype=torch.float64, requires_grad=True)
    loss = head((0.0, 1.0)).loss(outputs, torch.tensor([1]))
    loss.backward()
    assert loss.item() == pytest.approx(99.0 - math.log1p(-math.exp(-1)))
    assert outputs.grad.item() == pytest.approx(1.0)


def test_it_begins_at_the_frequencies():
    built = CumulativeLogits(4, 4, [0.1, 0.0, 0.6, 0.3]).double()
    found = built.predict(torch.zeros(1, 1, dtype=torch.float64))[0].tolist()
    assert found == pytest.approx([0.1, 0.0, 0.6, 0.3], abs=2e-3)
    assert min(found) > 0


def test_more_is_never_a_lower_class():
    prediction = head((-2.0, 0.0, 0.5)).predict(torch.linspace(-4, 4, 9).double().unsqueeze(1))
    at_most = prediction.cumsum(dim=1)
    assert (at_most.diff(dim=0)[:, :-1] < 0).all()


def test_two_classes_are_the_logistic_head():
    outputs = torch.tensor([[0.7], [-2.0]], dtype=torch.float64)
    expected = (outputs - 0.4).sigmoid().squeeze(1)
    torch.testing.assert_close(head((0.4,)).predict(outputs)[:, 1], expected)


def test_a_place_past_the_last_is_no_label():
    outputs = torch.zeros(2, 1, dtype=torch.float64)
    assert head().labelled(torch.tensor([2, 3])).tolist() == [True, False]
    assert head().loss(outputs, torch.tensor([3, -1])).item() == 0.0


def test_classes_are_checked():
    with pytest.raises(ConfigError, match=r"at least 2.*Found 3 classes and 2 frequencies"):
        Head.registry.build("ordinal/cumulative", dim=4, classes=3, frequencies=[0.5, 0.5])

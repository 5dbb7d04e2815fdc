"""The Bernoulli likelihood of one yes or no."""

import math

import pytest
import torch
from torch.distributions import Bernoulli

from torso.tasks.binary import Logistic


def test_one_number_by_hand():
    outputs = torch.tensor([[math.log(3.0)], [0.0]], dtype=torch.float64)
    head = Logistic(4).double()
    assert head.predict(outputs).tolist() == pytest.approx([0.75, 0.5])
    loss = head.loss(outputs, torch.tensor([0.0, torch.nan]))
    assert loss.item() == pytest.approx(-math.log(0.25))


def test_the_likelihood_is_that_of_torch_distributions():
    outputs = torch.linspace(-30, 30, 13, dtype=torch.float64).unsqueeze(1)
    targets = (torch.arange(13) % 2).double()
    expected = -Bernoulli(logits=outputs.squeeze(1)).log_prob(targets)
    torch.testing.assert_close(Logistic(4).nll(outputs, targets), expected, rtol=0, atol=1e-12)


def test_an_extreme_output_is_no_overflow():
    outputs = torch.tensor([[1e4], [-1e4]], requires_grad=True)
    loss = Logistic(4).loss(outputs, torch.tensor([0.0, 1.0]))
    loss.backward()
    assert loss.item() == pytest.approx(1e4)
    assert outputs.grad.squeeze(1).tolist() == [0.5, -0.5]

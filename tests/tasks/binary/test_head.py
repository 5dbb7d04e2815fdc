"""The Bernoulli likelihood of one yes or no."""

import math

import pytest
import torch
from torch.distributions import Bernoulli

from torso.core.errors import ConfigError
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


def test_class_weights_act_in_training_alone():
    outputs, targets = torch.tensor([[0.5], [-1.0], [2.0]]), torch.tensor([1.0, 0.0, 1.0])
    plain = Logistic(4).nll(outputs, targets)
    named = Logistic(4, ["bad", "good"], weights={"good": 3.0})
    torch.testing.assert_close(
        named.train().training_loss(outputs, targets), plain * torch.tensor([3.0, 1.0, 3.0])
    )
    torch.testing.assert_close(named.eval().loss(outputs, targets), plain.mean())
    balanced = Logistic(4, ["bad", "good"], [0.8, 0.2], weights="balanced")
    assert balanced.weights.tolist() == pytest.approx([0.625, 2.5])
    with pytest.raises(ConfigError, match="class in `weights`: 'goood'"):
        Logistic(4, ["bad", "good"], weights={"goood": 3.0})

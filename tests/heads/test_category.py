"""The categorical likelihood."""

import math

import pytest
import torch
from torch.distributions import Categorical

from torso.heads import Softmax

OUTPUTS = torch.tensor([[0.0, math.log(3.0), 0.0], [2.0, -1.0, 0.5]], dtype=torch.float64)


def head():
    return Softmax(4, 3).double()


def test_one_number_by_hand():
    targets = torch.tensor([1, -1])
    assert head().loss(OUTPUTS, targets).item() == pytest.approx(-math.log(3 / 5))
    assert head().predict(OUTPUTS)[0].tolist() == pytest.approx([0.2, 0.6, 0.2])


def test_the_likelihood_is_that_of_torch_distributions():
    targets = torch.tensor([2, 0])
    expected = -Categorical(logits=OUTPUTS).log_prob(targets)
    torch.testing.assert_close(head().nll(OUTPUTS, targets), expected, rtol=0, atol=1e-12)


def test_a_class_that_training_never_saw_is_no_label():
    """Evaluation data may hold classes past the last one of training: -1 and 3 alike count as none."""
    targets = torch.tensor([1, 3])
    assert head().labelled(targets).tolist() == [True, False]
    assert head().loss(OUTPUTS, targets).equal(head().loss(OUTPUTS, torch.tensor([1, -1])))
    assert head().loss(OUTPUTS, torch.tensor([3, 99])).item() == 0.0

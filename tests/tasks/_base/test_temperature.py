"""One factor on all logits, fitted on held-out rows."""

import math

import pytest
import torch

from torso.tasks.binary import Logistic
from torso.tasks.category import Softmax


def test_one_number_by_hand():
    """Three of four rows right, all logits 5: the likeliest factor makes that 0.75."""
    outputs = torch.full((4000, 1), 5.0)
    head = Logistic(4)
    head.calibrate(outputs, torch.tensor([1.0, 1.0, 1.0, 0.0]).repeat(1000))
    assert float(head.predict(outputs)[0]) == pytest.approx(0.75, abs=1e-3)
    assert float(head.scale) == pytest.approx(math.log(3.0) / 5.0, rel=5e-3)


def test_a_few_rows_all_right_do_not_make_it_certain():
    head = Softmax(4, 2)
    head.calibrate(torch.tensor([[0.0, 3.0], [3.0, 0.0]]), torch.tensor([1, 0]))
    assert 1.0 < float(head.scale) < 2.0


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_outputs_that_are_not_finite_leave_it_as_it_was(bad):
    head = Softmax(4, 2)
    head.calibrate(torch.tensor([[0.0, bad]]), torch.tensor([1]))
    assert float(head.scale) == 1.0


def test_too_sure_by_a_factor_of_four():
    torch.manual_seed(0)
    logits = torch.randn(4000, 3)
    truth = torch.distributions.Categorical(logits=logits).sample()
    head = Softmax(4, 3)
    head.calibrate(4.0 * logits, truth)
    assert float(head.scale) == pytest.approx(0.25, rel=0.08)

"""Losses at and below zero: named, or shifted when asked."""

import math

import pytest
import torch
from torch import nn

from tests.balancing.laws import assert_close
from torso.balancing import DWA, FAMO, GLS, STCH, UWSO, GO4Align
from torso.core.errors import ConfigError

POSITIVE = [DWA, FAMO, GLS, GO4Align, STCH, UWSO]
EVERYONE = torch.ones(3, dtype=torch.bool)


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


@pytest.mark.parametrize("method", POSITIVE)
def test_a_loss_below_zero_is_named_with_the_cure(method):
    balancer = method(["kind", "price", "size"]).double()
    before = balancer.state_dict()
    losses = tensor(1.0, -0.25, 2.0)
    message = (
        rf"{method.__name__} needs losses of at least \[0\.0\] for \['price'\]\. Found \[-0\.25\].*"
        r"`shift=True`"
    )
    with pytest.raises(ConfigError, match=message):
        balancer.backward(losses, [])
    assert losses.grad is None
    assert_close(list(balancer.state_dict().values()), list(before.values()), atol=0.0)
    absent = torch.tensor([True, False, True])
    balancer.backward(losses, [], absent)  # nobody looks at an absent task's loss
    assert losses.grad[1] == 0.0


@pytest.mark.parametrize("method", POSITIVE)
def test_a_task_at_its_bound_takes_no_part(method):
    """A loss of zero would take all weight or none; the others go on as if it were absent."""
    losses, fewer = tensor(1.0, 0.0, 3.0), tensor(1.0, 0.0, 3.0)
    method(3).double().backward(losses, [])
    method(3).double().backward(fewer, [], torch.tensor([True, False, True]))
    assert_close([losses.grad], [fewer.grad])
    assert losses.grad[0] > 0


@pytest.mark.parametrize("method", POSITIVE)
def test_all_at_their_bounds_is_a_step_of_nothing(method):
    losses = tensor(0.0, 0.0, 0.0)
    balancer = method(3).double()
    balancer.backward(losses, [])
    balancer.after_step(lambda: losses.detach())
    assert not losses.grad.any()
    assert balancer(losses, EVERYONE).item() == 0.0


@pytest.mark.parametrize("method", POSITIVE)
def test_shifted_losses_are_those_above_the_running_bound(method):
    """`min(0, least seen - 1)`: 4, 2, -2 after -3 has been seen mean 4, 2, 2 above 0, 0, -4."""
    shifted, plain = method(3, shift=True).double(), method(3).double()
    for balancer, first in ((shifted, tensor(4.0, 2.0, -3.0)), (plain, tensor(4.0, 2.0, 1.0))):
        balancer.backward(first, [])
    one, two = tensor(4.0, 2.0, -2.0), tensor(4.0, 2.0, 2.0)
    shifted.backward(one, [])
    plain.backward(two, [])
    assert_close([one.grad], [two.grad])


@pytest.mark.parametrize("method", POSITIVE)
def test_the_running_bound_survives_epochs_and_a_new_low(method):
    balancer = method(2, shift=True).double()
    x = nn.Parameter(torch.zeros(2, dtype=torch.float64))
    for low in (1.5, 0.3, -0.2, -4.0, -100.0, 50.0):
        for jump in (0.0, 0.4):
            balancer.backward(torch.stack([x[0] + low, x[1] + 2.0 + jump]), [x])
            balancer.after_step(lambda low=low: torch.tensor([low - 0.1, 2.0], dtype=torch.float64))
        balancer.end_epoch()
    assert balancer.lowest.tolist() == pytest.approx([-100.0, 2.0])
    assert x.grad.isfinite().all()
    assert (x.grad > 0).all()


def test_no_weight_jumps_when_a_loss_passes_zero():
    """The reason for the margin of 1: without it, the weight 1 / L would explode on the way."""
    weights = []
    balancer = GLS(1, shift=True).double()
    for loss in (1.0, 0.01, 1e-6, -1e-6, -0.5):
        balancer.backward(tensor(loss), [])
        weights.append(balancer.task_weights()["task 0"])
    assert weights == pytest.approx([1.0] * 5)
    unshifted = GLS(2).double()
    unshifted.backward(tensor(1e-6, 1.0), [])
    assert unshifted.task_weights()["task 0"] == pytest.approx(0.5 * math.sqrt(1e-6) / 1e-6)

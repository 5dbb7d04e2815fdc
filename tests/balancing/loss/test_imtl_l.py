"""Liu et al. (ICLR 2021), section 3.2."""

import math

import pytest
import torch

from tests.balancing.laws import assert_close
from torso.balancing import IMTLL, Uncertainty

EVERYONE = torch.ones(3, dtype=torch.bool)


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def balancer(*s, ceiling=3.0):
    method = IMTLL(len(s), ceiling=ceiling).double()
    with torch.no_grad():
        method.scale.copy_(torch.tensor(s))
    return method


def test_one_number_by_hand():
    """Scales 1 and 4, losses 2 and 1: 2 - 0 + 4 - log 4."""
    method, losses = balancer(0.0, math.log(4.0)), tensor(2.0, 1.0)
    assert method(losses, EVERYONE[:2]).item() == pytest.approx(6 - math.log(4.0))
    method.backward(losses, [])
    assert losses.grad.tolist() == pytest.approx([1.0, 4.0])
    assert method.scale.grad.tolist() == pytest.approx([2.0 - 1.0, 4.0 - 1.0])
    assert method.task_weights() == pytest.approx({"task 0": 1.0, "task 1": 4.0})


def test_it_equals_torchjd():
    theirs = pytest.importorskip("torchjd.scalarization").IMTLL(3).double()
    ours = balancer(0.3, -2.0, 1.7)
    with torch.no_grad():
        theirs.log_scale.copy_(ours.scale)
    method, two = tensor(0.3, 7.0, 100.0), tensor(0.3, 7.0, 100.0)
    ours.backward(method, [])
    theirs(two).backward()
    assert_close([method.grad, ours.scale.grad], [two.grad, theirs.log_scale.grad])


def test_it_is_twice_uncertainty_weighting_with_the_other_sign():
    ours, other = balancer(0.3, -2.0, 1.7), Uncertainty(3).double()
    with torch.no_grad():
        other.log_variance.copy_(-ours.scale)
    losses = tensor(0.3, 7.0, 100.0)
    assert_close([ours(losses, EVERYONE)], [2 * other(losses, EVERYONE)])


def train(method, steps, *losses):
    optimizer = torch.optim.SGD(method.parameters(), lr=0.2)
    for _ in range(steps):
        optimizer.zero_grad()
        method.backward(tensor(*losses), [])
        optimizer.step()
        method.after_step(lambda: torch.zeros(len(losses)))


def test_left_alone_every_scaled_loss_becomes_one():
    method = balancer(0.0, 0.0, 0.0)
    train(method, 400, 3.0, 0.25, 8.0)
    assert list(method.task_weights().values()) == pytest.approx([1 / 3.0, 4.0, 1 / 8.0], rel=1e-3)


def test_a_negative_loss_drives_the_weight_to_the_ceiling_and_back():
    method = balancer(0.0, 0.0, ceiling=2.0)
    train(method, 50, -1.0, 1.0)
    assert list(method.task_weights().values()) == pytest.approx([math.exp(2.0), 1.0])
    train(method, 200, 0.5, 1.0)
    assert list(method.task_weights().values()) == pytest.approx([2.0, 1.0], rel=1e-3)


def test_a_task_without_labels_adds_nothing_to_its_scale():
    method = balancer(0.5, 0.5)
    method.backward(tensor(3.0, 3.0), [], torch.tensor([True, False]))
    first, second = method.scale.grad.tolist()
    assert first == pytest.approx(3 * math.exp(0.5) - 1)
    assert second == 0.0


def test_a_wrong_ceiling_is_refused():
    with pytest.raises(ValueError, match=r"`ceiling` should not be negative\. Found -1"):
        IMTLL(2, ceiling=-1.0)

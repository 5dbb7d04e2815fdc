"""Kendall, Gal, Cipolla (CVPR 2018), equation 7, with s = log sigma^2."""

import math

import pytest
import torch
from torch import nn

from torso.balancing import Uncertainty


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def balancer(*s, floor=-3.0):
    method = Uncertainty([f"task {index}" for index in range(len(s))], floor=floor).double()
    with torch.no_grad():
        method.log_variance.copy_(tensor(*s))
    return method


def test_the_closed_form_and_both_its_gradients():
    s, sizes = tensor(0.3, -1.0, 2.0), tensor(2.0, 0.5, 7.0)
    method, x = balancer(*s.tolist()), nn.Parameter(torch.ones(3, dtype=torch.float64))
    losses = sizes * x
    value = method(losses, torch.ones(3, dtype=torch.bool))
    sigma2 = s.exp()
    expected = (losses / (2 * sigma2) + 0.5 * sigma2.log()).sum()  # as the paper writes it
    torch.testing.assert_close(value, expected, rtol=0, atol=1e-12)
    method.backward(losses, [x])
    torch.testing.assert_close(x.grad, sizes / (2 * sigma2), rtol=0, atol=1e-12)
    torch.testing.assert_close(
        method.log_variance.grad, 0.5 - sizes / (2 * sigma2), rtol=0, atol=1e-12
    )


def test_one_number_by_hand():
    method, x = balancer(0.0, math.log(4.0)), nn.Parameter(tensor(1.0))
    method.backward(torch.cat([2 * x, 8 * x]), [x])
    assert x.grad.item() == pytest.approx(0.5 * 2 + 0.5 * 8 / 4)
    assert method.log_variance.grad.tolist() == pytest.approx([0.5 - 1.0, 0.5 - 1.0])
    assert method.task_weights() == pytest.approx({"task 0": 0.5, "task 1": 0.125})


def test_left_alone_the_variance_becomes_the_loss():
    """At the optimum sigma^2 equals the loss, so every term weighs 1/2."""
    method, losses = balancer(0.0, 0.0), tensor(3.0, 0.25)
    optimizer = torch.optim.SGD(method.parameters(), lr=0.5)
    for _ in range(400):
        optimizer.zero_grad()
        method.backward(losses.clone().requires_grad_(), [])
        optimizer.step()
        method.after_step(lambda: losses)
    torch.testing.assert_close(method.log_variance.exp().detach(), losses)


def test_a_negative_loss_drives_the_weight_to_the_floor_and_not_beyond():
    method = balancer(0.0, 0.0, floor=-2.0)
    optimizer = torch.optim.SGD(method.parameters(), lr=0.5)
    for loss in [-1.0] * 50 + [5.0] * 200:
        optimizer.zero_grad()
        method.backward(tensor(loss, 1.0).requires_grad_(), [])
        optimizer.step()
        method.after_step(lambda: tensor(0.0, 0.0))
        assert max(method.task_weights().values()) <= 0.5 * math.exp(2.0) + 1e-9
        if loss < 0:
            lowest = method.log_variance.detach().clone()
    assert lowest[0].item() == -2.0
    # ... and it comes back once the loss is large again
    assert method.log_variance.exp()[0].item() == pytest.approx(5.0, rel=0.01)


def test_a_task_without_labels_adds_nothing_to_its_variance():
    method = balancer(1.0, 1.0)
    method.backward(tensor(3.0, 3.0).requires_grad_(), [], torch.tensor([True, False]))
    first, second = method.log_variance.grad.tolist()
    assert first != 0.0
    assert second == 0.0

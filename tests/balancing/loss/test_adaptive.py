"""What loss balancers with changing weights have in common."""

import pytest
import torch
from torch import nn

from tests.balancing.laws import TASKS, Playground, assert_close
from torso.balancing import DWA, FAMO, GLS, LDCMTL, RLW, STCH, UWSO, GO4Align

ADAPTIVE = [DWA, FAMO, GLS, GO4Align, LDCMTL, RLW, STCH, UWSO]


@pytest.mark.parametrize("method", ADAPTIVE)
def test_the_gradient_is_that_of_the_scalar_and_the_weights_are_its_slopes(method):
    """Also of the balancer's own parameters, after a history of three epochs."""
    ground, balancer = Playground(), method(TASKS).double()
    for _ in range(3):
        ground.train(balancer, 2, lr=0.01)
    losses = ground.losses()
    parameters = [*ground.parameters(), *balancer.parameters()]
    value = balancer(losses, torch.ones(4, dtype=torch.bool))
    expected = torch.autograd.grad(value, [losses, *parameters])
    actual = ground.balanced(balancer)
    assert_close([*actual, *(p.grad for p in balancer.parameters())], expected[1:])
    assert balancer.task_weights() == pytest.approx(
        dict(zip(TASKS, expected[0].tolist(), strict=True))
    )


@pytest.mark.parametrize("method", ADAPTIVE)
def test_an_absent_task_keeps_its_last_weight_in_the_log(method):
    balancer = method(3).double()
    losses = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64, requires_grad=True)
    balancer.backward(losses, [])
    before = balancer.task_weights()
    present = torch.tensor([True, True, False])
    balancer.backward(losses * torch.tensor([1.0, 3.0, 1.0]), [], present)
    assert balancer.task_weights()["task 2"] == before["task 2"]


@pytest.mark.parametrize("method", ADAPTIVE)
def test_scales_far_apart_leave_finite_gradients(method):
    balancer, x = method(3), nn.Parameter(torch.ones(3))
    for _ in range(3):
        balancer.backward(x * torch.tensor([1e-12, 1.0, 1e12]), [x])
        balancer.after_step(lambda: x.detach() * torch.tensor([1e-12, 1.0, 1e12]))
        balancer.end_epoch()
    assert x.grad.isfinite().all()
    assert x.grad.any()

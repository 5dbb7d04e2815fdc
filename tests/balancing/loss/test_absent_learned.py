"""What an optimiser with momentum does to the learned weight of a task that is absent."""

import pytest
import torch
from torch import nn

from torso.balancing import Balancer


@pytest.mark.parametrize("name", ["uncertainty", "imtl_l", "ldc_mtl"])
def test_momentum_carries_an_absent_tasks_weight_on_a_little(name):
    balancer = Balancer.registry.build(name, tasks=["a", "b"])
    (learned,) = balancer.parameters()
    optimizer = torch.optim.Adam([learned], lr=0.01)
    x = nn.Parameter(torch.tensor(2.0))

    def train(steps, present):
        for _ in range(steps):
            optimizer.zero_grad()
            balancer.backward(torch.stack([x**2, 3 * x]), [x], torch.tensor(present))
            optimizer.step()

    train(10, [True, True])
    before = learned[1].item()
    train(50, [True, False])
    assert learned.grad[1] == 0
    carried = abs(learned[1].item() - before)
    assert 0.01 < carried < 10 * 0.01
    rest = learned[1].item()
    train(50, [True, False])
    assert learned[1].item() == pytest.approx(rest, abs=1e-3)


@pytest.mark.parametrize("name", ["uncertainty", "imtl_l", "ldc_mtl"])
def test_plain_descent_leaves_it_alone(name):
    balancer = Balancer.registry.build(name, tasks=["a", "b"])
    (learned,) = balancer.parameters()
    before = learned[1].item()
    x = nn.Parameter(torch.tensor(2.0))
    balancer.backward(torch.stack([x**2, 3 * x]), [x], torch.tensor([True, False]))
    torch.optim.SGD([learned], lr=0.01).step()
    assert learned[1].item() == before
    assert learned.grad[0] != 0

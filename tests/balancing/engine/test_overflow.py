"""Gradient scalers: an overflow skips the step and leaves the balancer as it was; without one it is an error."""

import pytest
import torch
from torch import nn

from torso.balancing import Balancer
from torso.core.errors import ConfigError


def ground():
    torch.manual_seed(0)
    body, heads = nn.Linear(3, 4), nn.ModuleList(nn.Linear(4, 1) for _ in range(2))
    return body, heads, torch.randn(5, 3)


def losses(body, heads, x):
    features = body(x).tanh()
    return torch.stack([(head(features) - 1).square().mean() for head in heads])


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "upgrad", "gram": "exact"},
        {"type": "upgrad", "gram": "sketch"},
        {"type": "grad_vac", "gram": "exact"},
        "config",
    ],
    ids=str,
)
def test_a_scaler_skips_the_step_and_goes_on(spec):
    body, heads, x = ground()
    balancer = Balancer.registry.build(spec, tasks=2)
    balancer.allow_overflow = True
    optimizer = torch.optim.SGD([*body.parameters(), *heads.parameters()], lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127, growth_interval=1000)
    before = {key: value.clone() for key, value in balancer.state_dict().items()}
    start, steps = body.weight.detach().clone(), 0
    while torch.equal(body.weight, start) and steps < 60:
        optimizer.zero_grad()
        balancer.backward(scaler.scale(losses(body, heads, x) * 1e3), list(body.parameters()))
        if not body.weight.grad.isfinite().all():
            after = balancer.state_dict()
            for key, value in before.items():
                same = "step" in key or "saved" in key or after[key].shape != value.shape
                assert same or torch.equal(after[key].nan_to_num(), value.nan_to_num()), key
        scaler.step(optimizer)
        scaler.update()
        steps += 1
    assert 1 < steps < 60
    assert body.weight.isfinite().all()


def test_without_a_scaler_it_is_an_error_that_tells_the_cure():
    x = nn.Parameter(torch.zeros(2))
    balancer = Balancer.registry.build({"type": "mgda", "gram": "exact"}, tasks=2)
    with pytest.raises(ConfigError, match=r"set `balancer\.allow_overflow = True`"):
        balancer.backward(torch.stack([x.sum().sqrt(), x.sum()]), [x])

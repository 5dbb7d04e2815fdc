"""The learning rate rises, then falls along a cosine."""

import math

import pytest
import torch

from torso.training import TrainingConfig
from torso.training.schedules import Constant, Cosine, Linear
from torso.training.stepping import Stepper


def rates(steps, warmup, kind=Cosine):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = kind(optimizer, steps, warmup)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found, optimizer.param_groups[0]["lr"]


def test_by_hand():
    found, end = rates(10, 0.2)
    assert found[:3] == pytest.approx([0.5, 1.0, 1.0])
    assert found[6] == pytest.approx(0.5 * (1 + math.cos(math.pi * 0.5)))
    assert end == pytest.approx(0.0)


@pytest.mark.parametrize("kind", [Cosine, Linear, Constant])
@pytest.mark.parametrize("steps", [1, 2, 50])
@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.9])
def test_it_rises_to_one_never_above_and_falls(steps, warmup, kind):
    found, _ = rates(steps, warmup, kind)
    top = found.index(max(found))
    assert found[: top + 1] == sorted(found[: top + 1])
    assert found[top:] == sorted(found[top:], reverse=True)
    assert 0 < found[0] <= max(found) == pytest.approx(1.0)


def test_the_others_by_hand():
    found, end = rates(10, 0.2, Linear)
    assert found == pytest.approx([0.5, 1.0, *(1 - done / 8 for done in range(8))])
    assert end == pytest.approx(0.0)
    assert rates(10, 0.2, Constant) == ([0.5, *[1.0] * 9], 1.0)


@pytest.mark.parametrize(
    "schedule",
    [
        *("cosine", "linear", "constant"),
        {"type": "torch.optim.lr_scheduler:StepLR", "step_size": 3},
        {"type": "torch.optim.lr_scheduler:ExponentialLR", "gamma": 0.9},
        *("torch.optim.lr_scheduler:CosineAnnealingLR", "torch.optim.lr_scheduler:OneCycleLR"),
    ],
    ids=str,
)
def test_a_resumed_schedule_goes_on_where_it_stopped(schedule):
    config = TrainingConfig(epochs=2, schedule=schedule, warmup=0.2)

    def stepper():
        weight = torch.nn.Parameter(torch.zeros(2, 2))
        weight.grad = torch.ones(2, 2)
        groups = [{"params": [weight], "lr": rate, "weight_decay": 0.0} for rate in (1e-3,)]
        return Stepper(groups, config, batches=5), [weight]

    whole, weights = stepper()
    seen = []
    for _ in range(10):
        seen.append(
            (whole.optimizer.param_groups[0]["lr"], whole.optimizer.param_groups[0]["betas"])
        )
        whole.step(weights)
    resumed, weights = stepper()
    resumed.go_on(6)
    for rate, betas in seen[6:]:
        group = resumed.optimizer.param_groups[0]
        assert group["lr"] == pytest.approx(rate, rel=1e-12)
        assert [*group["betas"]] == pytest.approx([*betas], rel=1e-12)
        resumed.step(weights)

"""The learning rate rises, then falls along a cosine."""

import math

import pytest
import torch

from torso.training.schedule import set_step, warmup_cosine


def rates(steps, warmup):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = warmup_cosine(optimizer, steps, warmup)
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


@pytest.mark.parametrize("steps", [1, 2, 50])
@pytest.mark.parametrize("warmup", [0.0, 0.05, 0.9])
def test_it_rises_to_one_never_above_and_falls(steps, warmup):
    found, _ = rates(steps, warmup)
    top = found.index(max(found))
    assert found[: top + 1] == sorted(found[: top + 1])
    assert found[top:] == sorted(found[top:], reverse=True)
    assert 0 < found[0] <= max(found) == pytest.approx(1.0)


def test_a_resumed_schedule_goes_on_where_it_stopped():
    whole, _ = rates(10, 0.2)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = warmup_cosine(optimizer, 10, 0.2)
    set_step(schedule, 6)
    assert optimizer.param_groups[0]["lr"] == whole[6]
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] == whole[7]

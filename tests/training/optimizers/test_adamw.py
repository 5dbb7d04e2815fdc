"""AdamW equals PyTorch's fused one to the last digit, also where gradients come and go, and after a restart."""

import copy

import torch

from torso.training.optimizers import AdamW


def parameters(seed=0):
    torch.manual_seed(seed)
    return [torch.nn.Parameter(torch.randn(shape)) for shape in ((3, 4), (5,), (), (2, 2))]


def both():
    mine, theirs = parameters(), parameters()
    return (
        (mine, AdamW([{"params": mine[:2], "weight_decay": 0.1}, {"params": mine[2:]}], lr=0.01)),
        (
            theirs,
            torch.optim.AdamW(
                [{"params": theirs[:2], "weight_decay": 0.1}, {"params": theirs[2:]}],
                lr=0.01,
                fused=True,
            ),
        ),
    )


def step(weights, optimizer, number):
    for place, weight in enumerate(weights):
        torch.manual_seed(10 * number + place)
        weight.grad = None if number % 3 == place else torch.randn_like(weight)
    optimizer.step()


def test_steps_equal_those_of_pytorch():
    (mine, ours), (theirs, plain) = both()
    for number in range(9):
        step(mine, ours, number)
        step(theirs, plain, number)
        assert all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))
    for own, other in zip(
        ours.state_dict()["state"].values(), plain.state_dict()["state"].values(), strict=True
    ):
        assert all(torch.equal(own[key], other[key]) for key in other)


def test_a_restart_goes_on_alike():
    (mine, ours), _ = both()
    for number in range(4):
        step(mine, ours, number)
    (again, restarted), _ = both()
    restarted.load_state_dict(copy.deepcopy(ours.state_dict()))
    for weight, value in zip(again, mine, strict=True):
        weight.data.copy_(value.data)
    for number in range(4, 8):
        step(mine, ours, number)
        step(again, restarted, number)
    assert all(torch.equal(a, b) for a, b in zip(mine, again, strict=True))

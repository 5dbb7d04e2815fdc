"""What holds for every balancer.

The playground is a small network whose losses share a body: parameters `body` serve every task, `own[k]`
only task k.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torso.balancing import Balancer
from torso.errors import ConfigError

TASKS = ("digit", "odd", "ink", "a.b")
FACTOR = {"digit": 0.5, "odd": 2.0, "ink": 0.0, "a.b": 1.0}


def build(name: str, tasks: Sequence[str] = TASKS) -> Balancer:
    offered: dict[str, Any] = {"weights": {task: FACTOR[task] for task in tasks}}
    return Balancer.registry.build(name, tasks=list(tasks), **offered).double()


class Playground:
    """Losses of several tasks with a shared body."""

    def __init__(self, tasks: Sequence[str] = TASKS) -> None:
        draw = torch.Generator().manual_seed(0)
        all_own = {task: torch.randn(3, generator=draw, dtype=torch.float64) for task in TASKS}
        self.body = nn.Parameter(torch.randn(5, 3, generator=draw, dtype=torch.float64))
        self.x = torch.randn(7, 5, generator=draw, dtype=torch.float64)
        self.tasks = tuple(tasks)
        self.own = {task: nn.Parameter(all_own[task]) for task in tasks}
        self.constant: dict[str, float] = {}  # task -> a loss that depends on nothing

    def losses(self) -> Tensor:
        """Return `[tasks]`, all positive and of different sizes."""
        hidden = (self.x @ self.body).tanh()
        losses = [
            hidden.new_tensor(self.constant[task])
            if task in self.constant
            else (1 + TASKS.index(task)) * (hidden @ self.own[task] - 1).square().mean()
            for task in self.tasks
        ]
        return torch.stack(losses)

    def parameters(self) -> list[nn.Parameter]:
        return [self.body, *self.own.values()]

    def balanced(self, balancer: Balancer, present: Tensor | None = None) -> list[Tensor]:
        """Return the gradients that the balancer leaves, of the body and of each task's own."""
        for parameter in [*self.parameters(), *balancer.parameters()]:
            parameter.grad = None
        balancer.backward(self.losses(), [self.body], present)
        return [
            torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in self.parameters()
        ]

    def train(self, balancer: Balancer, steps: int, present: Tensor | None = None) -> None:
        """Take plain gradient steps as the trainer does."""
        optimizer = torch.optim.SGD([*self.parameters(), *balancer.parameters()], lr=0.05)
        for _ in range(steps):
            optimizer.zero_grad()
            balancer.backward(self.losses(), [self.body], present)
            optimizer.step()
            balancer.after_step(lambda: self.losses().detach())
        balancer.end_epoch()


def assert_close(one: Sequence[Tensor], two: Sequence[Tensor]) -> None:
    for a, b in zip(one, two, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)


def assert_descent(name: str) -> None:
    """Training lowers the balancer's tasks, those apart whose weight is zero."""
    ground, balancer = Playground(), build(name)
    before = ground.losses().detach()
    ground.train(balancer, 60)
    weighed = torch.tensor([balancer.weights().get(task, 1.0) > 0 for task in TASKS])
    assert (ground.losses() < before)[weighed].all()


def assert_order_of_tasks_is_no_matter(name: str) -> None:
    """Tasks in another order: the same gradients, weights and training."""
    order = [2, 0, 3, 1]
    one, two = Playground(), Playground([TASKS[place] for place in order])
    first, second = build(name), build(name, two.tasks)
    for steps in (0, 5):
        one.train(first, steps)
        two.train(second, steps)
        body, *own = one.balanced(first)
        assert_close([body, *(own[place] for place in order)], two.balanced(second))
        assert first.weights() == pytest.approx(second.weights())


def assert_one_task_alone_keeps_its_direction(name: str) -> None:
    """With one task the gradient is a positive multiple of the plain one."""
    ground = Playground(["digit"])
    plain = torch.autograd.grad(ground.losses().sum(), ground.parameters())
    found = ground.balanced(build(name, ["digit"]))
    factor = (found[0].sum() / plain[0].sum()).item()
    assert factor > 0
    assert_close(found, [factor * one for one in plain])


def assert_an_absent_task_takes_no_part(name: str) -> None:
    """Whatever the loss of an absent task is, the others' gradients are those without it."""
    present = torch.tensor([True, True, False, True])
    others = [task for task, there in zip(TASKS, present.tolist(), strict=True) if there]
    fewer = Playground(others)
    expected = fewer.balanced(build(name, others))
    for loss in (None, 0.0, -5.0, 1e9, torch.nan, torch.inf):
        ground, balancer = Playground(), build(name)
        if loss is not None:
            ground.constant["ink"] = loss
        body, first, second, absent, last = ground.balanced(balancer, present)
        assert_close([body, first, second, last], expected)
        assert not absent.any()
        before = {key: value.clone() for key, value in balancer.state_dict().items()}
        ground.train(balancer, 3, present)
        for key, value in balancer.state_dict().items():
            if value.shape == present.shape:
                assert torch.equal(value[~present], before[key][~present]), key


def assert_everything_may_be_absent(name: str) -> None:
    ground, balancer = Playground(), build(name)
    gradients = ground.balanced(balancer, torch.zeros(len(TASKS), dtype=torch.bool))
    assert not any(one.any() for one in gradients)
    assert all(p.grad is None or not p.grad.any() for p in balancer.parameters())


def assert_present_is_the_default(name: str) -> None:
    everyone = torch.ones(len(TASKS), dtype=torch.bool)
    assert_close(Playground().balanced(build(name)), Playground().balanced(build(name), everyone))


def assert_gradients_are_added(name: str) -> None:
    """`backward` adds to `.grad`, as autograd does."""
    ground, balancer = Playground(), build(name)
    expected = ground.balanced(balancer)
    for parameter in ground.parameters():
        parameter.grad = torch.ones_like(parameter)
    balancer.backward(ground.losses(), [ground.body])
    assert_close([p.grad - 1 for p in ground.parameters()], expected)


def assert_a_loss_that_is_no_number_is_named(name: str) -> None:
    for bad in (torch.nan, torch.inf, -torch.inf):
        ground = Playground()
        losses = ground.losses() * torch.tensor([1.0, bad, 1.0, 1.0])
        with pytest.raises(
            ConfigError, match=r"loss of \['odd'\] is \[-?(nan|inf)\]\. Lower `trai"
        ):
            build(name).backward(losses, [ground.body])
        assert all(parameter.grad is None for parameter in ground.parameters())


def assert_shape_is_checked(name: str) -> None:
    ground = Playground()
    for wrong in (ground.losses()[:2], ground.losses().sum(), ground.losses().unsqueeze(0)):
        with pytest.raises(ValueError, match=r"`losses` should be \[tasks\] = \[4\]\. Found"):
            build(name).backward(wrong, [ground.body])
    with pytest.raises(ValueError, match=r"`tasks` should name at least one task"):
        build(name, [])


def assert_saved_and_resumed(name: str) -> None:
    """Half the training, saved, loaded into new objects and finished: the same to the last bit."""
    whole, balancer = Playground(), build(name)
    whole.train(balancer, 8)
    first, saved = Playground(), build(name)
    first.train(saved, 4)
    second, resumed = Playground(), build(name)
    resumed.load_state_dict(saved.state_dict())
    for new, old in zip(second.parameters(), first.parameters(), strict=True):
        new.data.copy_(old.data)
    second.train(resumed, 4)
    assert all(map(torch.equal, second.parameters(), whole.parameters()))
    assert resumed.weights() == balancer.weights()


def assert_weights_are_for_the_log(name: str) -> None:
    balancer = build(name)
    Playground().train(balancer, 2)
    weights = balancer.weights()
    assert not weights or list(weights) == list(TASKS)
    assert all(type(one) is float and one >= 0 for one in weights.values())


LAWS: list[Callable[[str], None]] = [
    law
    for name, law in list(globals().items())
    if name.startswith("assert_") and name != "assert_close"
]

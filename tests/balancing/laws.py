"""What holds for every balancer.

The playground is a small network whose losses share a body: parameters `body` serve every task, `own[k]`
only task k.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from torso.balancing import Balancer, GradientBalancer, GramBalancer, LossBalancer
from torso.core.errors import ConfigError

TASKS = ("digit", "odd", "ink", "a.b")
FACTOR = {"digit": 0.5, "odd": 2.0, "ink": 0.0, "a.b": 1.0}


def build(name: str, tasks: Sequence[str] = TASKS) -> Balancer:
    offered = {
        "weights": {task: FACTOR.get(task, 1.0) for task in tasks},
        "primary": "digit" if "digit" in tasks else next(iter(tasks), None),
    }
    return Balancer.registry.build(name, tasks=list(tasks), **offered).double()


class Playground:
    """Losses of several tasks with a shared body."""

    def __init__(self, tasks: Sequence[str] = TASKS, dtype: torch.dtype = torch.float64) -> None:
        draw = torch.Generator().manual_seed(0)
        all_own = {task: torch.randn(3, generator=draw, dtype=torch.float64) for task in TASKS}
        body = torch.randn(5, 3, generator=draw, dtype=torch.float64)
        self.x = torch.randn(7, 5, generator=draw, dtype=torch.float64).to(dtype)
        self.body = nn.Parameter(body.to(dtype))
        self.tasks = tuple(tasks)
        self.own = {task: nn.Parameter(all_own[task].to(dtype)) for task in tasks}
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

    def train(
        self, balancer: Balancer, steps: int, present: Tensor | None = None, lr: float = 0.05
    ) -> None:
        """Take plain gradient steps, and end the epoch, as the trainer does."""
        optimizer = torch.optim.SGD([*self.parameters(), *balancer.parameters()], lr=lr)
        for _ in range(steps):
            optimizer.zero_grad()
            balancer.backward(self.losses(), [self.body], present)
            optimizer.step()
            balancer.after_step(lambda: self.losses().detach())
        balancer.end_epoch()


def grad_of(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def assert_close(
    left: Sequence[Tensor], right: Sequence[Tensor], *, rtol: float = 0.0, atol: float = 1e-12
) -> None:
    for a, b in zip(left, right, strict=True):
        torch.testing.assert_close(a, b, rtol=rtol, atol=atol, equal_nan=True)


def states(balancer: Balancer) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in balancer.state_dict().items()}


def assert_descent(name: str) -> None:
    """Training lowers the balancer's tasks, those apart whose weight is zero."""
    ground, balancer = Playground(), build(name)
    before = ground.losses().detach()
    for _ in range(6):
        ground.train(balancer, 20, lr=0.01)
    weighed = torch.tensor([balancer.task_weights().get(task, 1.0) != 0 for task in TASKS])
    assert (ground.losses() < before)[weighed].all()


def assert_order_of_tasks_is_no_matter(name: str) -> None:
    """Tasks in another order: the same gradients, weights and training."""
    order = [2, 0, 3, 1]
    left, right = Playground(), Playground([TASKS[index] for index in order])
    first, second = build(name), build(name, right.tasks)
    same = True
    for steps in (0, 5):
        left.train(first, steps)
        right.train(second, steps)
        body, *own = left.balanced(first)
        shuffled = right.balanced(second)
        if not first.order_invariant:
            same &= all(map(torch.allclose, [body, *(own[index] for index in order)], shuffled))
            continue
        assert_close([body, *(own[index] for index in order)], shuffled, atol=1e-9)
        assert first.task_weights() == pytest.approx(second.task_weights())
    assert first.order_invariant or not same, f"{name} is order-invariant and should say so"


def assert_one_task_alone_keeps_its_direction(name: str) -> None:
    """With one task every gradient is a positive multiple of the plain one."""
    ground = Playground(["digit"])
    plain = torch.autograd.grad(ground.losses().sum(), ground.parameters())
    balancer = build(name, ["digit"])
    for _ in range(3):  # with and without a history
        for left, right in zip(ground.balanced(balancer), plain, strict=True):
            factor = (left.norm() / right.norm()).item()
            assert factor > 0
            assert_close([left], [factor * right])
        balancer.after_step(lambda: 0.9 * ground.losses().detach())
        balancer.end_epoch()


def assert_equal_tasks_are_treated_equally(name: str) -> None:
    """Copies of one task: the body follows their one direction, and all get the same weight."""
    ground = Playground(["digit"])
    plain = torch.autograd.grad(ground.losses().sum(), ground.parameters())
    copies = [f"copy {number}" for number in range(5)]
    balancer = build(name, copies)
    ground.body.grad = None
    balancer.backward(ground.losses().expand(5), [ground.body])
    factor = (ground.body.grad.sum() / plain[0].sum()).item()
    assert factor > 0
    assert_close([ground.body.grad], [factor * plain[0]], atol=1e-9)
    weights = list(balancer.task_weights().values())
    if balancer.symmetric and weights:
        assert weights == pytest.approx([weights[0]] * 5, rel=1e-6)


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
        before = states(balancer)
        ground.train(balancer, 3, present)
        ground.train(balancer, 3, present)
        for key, value in states(balancer).items():
            if value.shape == present.shape:
                assert_close([value[~present]], [before[key][~present]], atol=0.0)


def assert_everything_may_be_absent(name: str) -> None:
    ground, balancer = Playground(), build(name)
    nobody = torch.zeros(len(TASKS), dtype=torch.bool)
    gradients = ground.balanced(balancer, nobody)
    assert not any(gradient.any() for gradient in gradients)
    assert all(p.grad is None or not p.grad.any() for p in balancer.parameters())
    ground.train(balancer, 2, nobody)
    assert all(gradient.isfinite().all() for gradient in ground.balanced(balancer))


def assert_present_is_the_default(name: str) -> None:
    everyone = torch.ones(len(TASKS), dtype=torch.bool)
    assert_close(Playground().balanced(build(name)), Playground().balanced(build(name), everyone))


def assert_a_loop_may_spell_it_its_way(name: str) -> None:
    """A generator of parameters; a list, a tuple or a mapping of losses; lists of bool: one step, to the bit."""
    ground, present = Playground(), [True, True, False, True]
    expected = ground.balanced(build(name), torch.tensor(present))
    spellings = [
        lambda losses: ([*losses], present),
        lambda losses: ((loss for loss in losses), torch.tensor(present)),
        lambda losses: ([loss.reshape(1) for loss in losses], torch.tensor(present).double()),
        lambda losses: ([losses[0], losses[1], None, losses[3]], None),
        lambda losses: ({task: losses[TASKS.index(task)] for task in TASKS[::-1]}, present),
        lambda losses: ({TASKS[at]: losses[at] for at in (3, 0, 1)}, None),
    ]
    for spelling in spellings:
        balancer = build(name)
        for parameter in ground.parameters():
            parameter.grad = None
        losses, labelled = spelling(ground.losses())
        balancer.backward(losses, iter([ground.body, ground.body]), labelled)
        assert_close([grad_of(p) for p in ground.parameters()], expected, atol=1e-14)
        balancer.after_step(lambda: [loss.detach() for loss in ground.losses()])
        balancer.held_out(lambda: [*ground.losses().detach()])
        balancer.end_epoch()
    build(name).backward([None] * 4, iter([ground.body]))  # a batch without labels


def assert_repr_builds_it_anew(name: str) -> None:
    """`repr` is the call with every setting, and so is the building by name."""
    balancer = build(name)
    text = repr(balancer)
    again = eval(text, {type(balancer).__name__: type(balancer)})
    assert repr(again) == repr(copy.deepcopy(balancer)) == text
    assert "\n" not in text
    settings = Balancer.registry.settings(name)
    assert all(f"{key}=" in text for key, setting in settings.items() if setting.by_user)
    ground = Playground()
    assert_close(ground.balanced(again.double()), ground.balanced(build(name)), atol=0.0)
    required = {
        k: balancer._given[k] for k, setting in settings.items() if k in ("weights", "primary")
    }
    assert type(Balancer.build(name, TASKS, **required)) is type(balancer)


def assert_messages_speak_of_the_loop(name: str) -> None:
    """No message to a loop names a key of run.yaml or a command."""
    ground = Playground()
    ground.body.requires_grad_(False)
    faults = [
        lambda: build(name).backward(ground.losses() * torch.nan, [ground.body]),
        lambda: build(name).backward(ground.losses(), []),
        lambda: build(name).backward(ground.losses(), [ground.body]),
        lambda: build(name).backward(-Playground().losses(), [ground.body]),
    ]
    for fault in faults:
        with suppress(ValueError):
            try:
                fault()
            except ValueError as error:
                assert not re.search(
                    r"training\.|torso |balancing:|--set|: true|run\.yaml", str(error)
                )
                raise


def assert_what_is_no_parameter_is_refused(name: str) -> None:
    ground, balancer = Playground(), build(name)
    for wrong in (nn.Linear(2, 2), ground.body, {"body": ground.body}, [nn.Linear(2, 2)]):
        with pytest.raises(
            ValueError, match=r"`shared` should be parameters, as `body\.parameters"
        ):
            balancer.backward(ground.losses(), wrong)
    for losses, message in (
        ([*ground.losses()][:2], r"one loss per task.*Found 2"),
        ({"digitt": ground.losses()[0]}, r"'digitt'. Did you mean 'digit'"),
        ([*ground.losses()[:3], 0.5], r"'a\.b' should be a tensor.*float 0\.5"),
        ([*ground.losses()[:3], torch.ones(7)], r"'a\.b' should be one number.*\[7\].*mean"),
    ):
        with pytest.raises(ValueError, match=message):
            balancer.backward(losses, [ground.body])
    with pytest.raises(
        ValueError, match=r"`present` should be \[tasks\] = \[4\]\. Found shape \[2\]"
    ):
        balancer.backward(ground.losses(), [ground.body], [True, False])
    for tasks, message in (("digit", r"Write \['digit'\]"), (["a", "a"], r"\['a'\] twice")):
        with pytest.raises(ValueError, match=message):
            type(balancer)(tasks, **balancer._given)


def assert_gradients_are_added(name: str) -> None:
    """`backward` adds to `.grad`, as autograd does."""
    ground, balancer = Playground(), build(name)
    ground.train(balancer, 2)
    twin = copy.deepcopy(balancer)
    expected = ground.balanced(balancer)
    for parameter in ground.parameters():
        parameter.grad = torch.ones_like(parameter)
    twin.backward(ground.losses(), [ground.body])
    assert_close([p.grad - 1 for p in ground.parameters()], expected)


def assert_a_task_without_gradient_disturbs_nobody(name: str) -> None:
    """For methods that look at gradients: a present task whose gradient is zero is as good as absent."""
    if not issubclass(Balancer.registry.find(name), GramBalancer | GradientBalancer):
        return
    ground = Playground()
    ground.constant["ink"] = 3.0
    body, first, second, still, last = ground.balanced(build(name))
    expected = Playground([task for task in TASKS if task != "ink"])
    others = expected.balanced(build(name, expected.tasks))
    assert_close([body, first, second, last], others, atol=1e-9)
    assert not still.any()


def assert_a_loss_that_is_no_number_is_named(name: str) -> None:
    for bad in (torch.nan, torch.inf, -torch.inf):
        ground = Playground()
        losses = ground.losses() * torch.tensor([1.0, bad, 1.0, 1.0])
        with pytest.raises(ConfigError, match=r"loss of \['odd'\] is \[-?(nan|inf)\]\. Lower the"):
            build(name).backward(losses, [ground.body])
        assert all(parameter.grad is None for parameter in ground.parameters())


def assert_a_gradient_that_is_no_number_is_named(name: str) -> None:
    """For methods that look at gradients: a square root of zero is found and named."""
    if not issubclass(Balancer.registry.find(name), GramBalancer | GradientBalancer):
        return
    ground = Playground()
    bend = (ground.body * 0.0).sum().sqrt() + 1.0
    with pytest.raises(ConfigError, match=r"gradient of \[.*'ink'.*\] is NaN or infinite"):
        build(name).backward(
            ground.losses()
            * torch.stack([bend.new_ones(()), bend.new_ones(()), bend, bend.new_ones(())]),
            [ground.body],
        )


def assert_shape_is_checked(name: str) -> None:
    ground = Playground()
    for wrong in (ground.losses()[:2], ground.losses().sum(), ground.losses().unsqueeze(0)):
        with pytest.raises(ValueError, match=r"`losses` should be \[tasks\] = \[4\]\. Found"):
            build(name).backward(wrong, [ground.body])
    with pytest.raises(ValueError, match=r"without|no gradient"):
        build(name).backward(ground.losses().detach(), [ground.body])
    with pytest.raises(ValueError, match=r"`tasks` should name at least one task"):
        build(name, [])


def assert_looking_changes_nothing(name: str) -> None:
    """`forward` and `weights` are functions: twice the same, and no state moves."""
    ground, balancer = Playground(), build(name)
    for _ in range(3):
        ground.train(balancer, 2)
    before = states(balancer)
    jacobian = torch.randn(4, 15, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    if isinstance(balancer, GramBalancer):
        left, right = (balancer.weights(jacobian @ jacobian.T) for _ in range(2))
    elif isinstance(balancer, GradientBalancer):
        left, right = (balancer(jacobian) for _ in range(2))
    elif isinstance(balancer, LossBalancer):
        left, right = (balancer(ground.losses(), torch.ones(4, dtype=torch.bool)) for _ in range(2))
    else:
        return
    assert_close([left], [right], atol=0.0)
    after = states(balancer)
    assert_close(list(after.values()), list(before.values()), atol=0.0)


def assert_weights_follow_the_scale(name: str) -> None:
    """For Gram methods: `weights(c G) = c ** degree weights(G)` as claimed, from 1e-12 to 1e12."""
    balancer = build(name)
    if not isinstance(balancer, GramBalancer):
        return
    jacobian = torch.randn(4, 9, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    gram = jacobian @ jacobian.T
    plain = balancer.weights(gram)
    for scale in (1e-12, 1e-3, 1e6, 1e12):
        expected = plain * scale**balancer.degree
        torch.testing.assert_close(balancer.weights(scale * gram), expected, rtol=1e-6, atol=0)


def assert_sixty_four_tasks(name: str) -> None:
    """Many tasks, more than the body has directions, with losses of sizes from 1e-3 to 1e3."""
    tasks = [f"task {index}" for index in range(64)]
    draw = torch.Generator().manual_seed(3)
    body = nn.Parameter(torch.randn(6, generator=draw, dtype=torch.float64))
    rows = torch.randn(64, 6, generator=draw, dtype=torch.float64)
    sizes = torch.logspace(-3, 3, 64, dtype=torch.float64)
    balancer = build(name, tasks)
    for _ in range(2):
        body.grad = None
        balancer.backward(sizes * ((rows @ body).square() + 1), [body])
        assert body.grad.isfinite().all()
        balancer.after_step(lambda: sizes * ((rows @ body).square() + 1).detach())
        balancer.end_epoch()


def assert_single_precision_agrees(name: str) -> None:
    """Three steps in float32 leave the gradients of three steps in float64, to 1e-3 of their size."""
    wide, narrow = Playground(), Playground(dtype=torch.float32)
    first, second = build(name), build(name).float()
    for _ in range(3):
        wide.train(first, 1)
        narrow.train(second, 1)
    for left, right in zip(wide.balanced(first), narrow.balanced(second), strict=True):
        assert right.dtype == torch.float32
        assert (left - right).norm() <= 1e-3 * left.norm() + 1e-6


def assert_a_device_without_float64_is_no_obstacle(name: str) -> None:
    """A move that refuses float64, as that to MPS does, leaves such state in place and moves the rest."""

    def refuse(tensor: Tensor) -> Tensor:
        if tensor.dtype == torch.float64:
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
        return tensor.to("meta")

    balancer = Balancer.registry.build(name, tasks=list(TASKS), weights=FACTOR)
    before = states(balancer)
    for key, value in states(balancer._apply(refuse)).items():
        wide = before[key].dtype == torch.float64
        assert value.device.type == ("cpu" if wide else "meta"), key
        assert not wide or torch.equal(value.nan_to_num(), before[key].nan_to_num())
    assert all(state.device.type == "meta" for state in states(build(name).to("meta")).values())


def assert_saved_and_resumed(name: str) -> None:
    """Saved after three epochs, loaded into new objects and finished: the same to the last bit."""
    whole, balancer = Playground(), build(name)
    for _ in range(3):
        whole.train(balancer, 3)
    saved = load(save({key: value.contiguous() for key, value in balancer.state_dict().items()}))
    second, resumed = Playground(), build(name)
    resumed.load_state_dict(saved)
    for new, old in zip(second.parameters(), whole.parameters(), strict=True):
        new.data.copy_(old.data)
    for _ in range(2):
        whole.train(balancer, 3)
        second.train(resumed, 3)
    assert all(map(torch.equal, second.parameters(), whole.parameters()))
    assert resumed.task_weights() == balancer.task_weights()


def assert_weights_are_for_the_log(name: str) -> None:
    balancer = build(name)
    Playground().train(balancer, 2)
    weights = balancer.task_weights()
    assert not weights or list(weights) == list(TASKS)
    assert all(type(weight) is float for weight in weights.values())
    assert balancer.signed_weights or all(weight >= 0 for weight in weights.values())


LAWS: list[Callable[[str], None]] = [
    law
    for name, law in list(globals().items())
    if name.startswith("assert_") and name != "assert_close"
]

"""Cures that balancers name: in one's own loop a call, in a run a setting; each is met and followed."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import torso
from tests.balancing.gram.test_fairgrad import JACOBIANS, weigh
from tests.cures.templates import pasted, tries
from tests.small_tables import TARGETS, plain
from torso.balancing import Balancer
from torso.core.errors import ConfigError, StepError

HEADS = 2


class Loop:
    """A body, a head per task, and a batch: one's own loop."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.body = nn.Linear(3, 4)
        self.heads = nn.ModuleList(nn.Linear(4, 1) for _ in range(HEADS))
        self.middle = self.body(torch.randn(8, 3)).tanh()

    def losses(self, *, below: float = 0.0) -> Tensor:
        """Return the tasks' losses, each at least 1 below zero if `below` is 1."""
        squares = torch.stack([head(self.middle).square().mean() for head in self.heads])
        return squares - below * (squares.detach() + 1)

    def step(self, balancer: Balancer, losses: Tensor | None = None, **given: object) -> None:
        shared = given.pop("shared", [*self.body.parameters()])
        balancer.backward(self.losses() if losses is None else losses, shared, **given)
        assert self.body.weight.grad is not None


def refused(call: object, *args: object, **given: object) -> StepError | ValueError:
    """Return the error of a call."""
    with pytest.raises(ValueError) as error:
        call(*args, **given)
    return error.value


def followed_in_run(error: StepError, name: str) -> None:
    """Take the settings that a run would be told."""
    cures = pasted(error.in_run)
    assert cures, error.in_run
    for cure in cures:
        prepared = torso.prepare(plain(), TARGETS, settings=[f"balancing={name}", cure])
        assert cure.rpartition("=")[2] in str(prepared.config.balancing).lower()


@tries("take its `.mean()`")
def test_losses_per_row():
    loop = Loop()
    rows = [head(loop.middle).square() for head in loop.heads]
    error = refused(loop.step, Balancer.build("equal", HEADS), rows)
    loop.step(Balancer.build("equal", HEADS), [loss.mean() for loss in rows])
    return str(error)


@tries("write its `.parameters()`", "as `body.parameters()`")
def test_a_module_for_parameters():
    loop = Loop()
    error = refused(loop.step, Balancer.build("upgrad", HEADS), shared=loop.body)
    loop.step(Balancer.build("upgrad", HEADS), shared=loop.body.parameters())
    return str(error)


@tries("is the forward pass under `torch.no_grad()`")
def test_losses_without_a_graph():
    loop = Loop()
    with torch.no_grad():
        error = refused(loop.step, Balancer.build("equal", HEADS), loop.losses())
    loop.step(Balancer.build("equal", HEADS), loop.losses())
    return str(error)


@tries("Write `body.parameters()` in the call", "Unfreeze some, or use --set balancing=equal")
def test_a_generator_that_is_used_up():
    loop = Loop()
    shared, balancer = loop.body.parameters(), Balancer.build("upgrad", HEADS)
    assert list(shared)
    error = refused(loop.step, balancer, shared=shared)
    loop.step(balancer, shared=loop.body.parameters())
    followed_in_run(error, "upgrad")
    return f"{error}\n{error.in_run}"


@tries("or look at these tasks' outputs and targets. With a gradient scaler")
def test_an_infinite_loss():
    loop, balancer = Loop(), Balancer.build("upgrad", HEADS)
    error = refused(loop.step, balancer, loop.losses() * torch.inf)
    balancer.allow_overflow = True
    loop.step(balancer, loop.losses() * torch.inf)
    assert isinstance(error, StepError)
    return str(error)


@tries("a square root or a logarithm of zero on the way to that loss. With")
def test_an_infinite_gradient():
    x, balancer = nn.Parameter(torch.zeros(2)), Balancer.build("mgda", HEADS, gram="exact")
    error = refused(balancer.backward, [x.sum().sqrt(), x.sum()], [x])
    balancer.allow_overflow = True
    balancer.backward([x.sum().sqrt(), x.sum()], [x])
    assert x.grad is not None
    return str(error)


@tries("Lower `balancing.alpha`")
def test_no_fair_weights():
    gram = JACOBIANS["rank-deficient scales 8"].gram
    error = refused(weigh, gram, alpha=30.0)
    assert weigh(gram, alpha=2.0).isfinite().all()
    followed_in_run(error, "fairgrad")
    return f"{error}\n{error.in_run}"


@tries("or build the balancer with `gram=", "Use --set balancing.gram=sketch")
def test_a_representation_that_was_not_given():
    loop = Loop()
    error = refused(loop.step, Balancer.build("upgrad", HEADS, gram="representation"))
    Loop().step(Balancer.build("upgrad", HEADS, gram="sketch"))
    loop = Loop()
    loop.step(Balancer.build("upgrad", HEADS, gram="representation"), representation=[loop.middle])
    followed_in_run(error, "upgrad")
    return f"{error}\n{error.in_run}"


@pytest.mark.parametrize("name", ["gls", "dwa", "famo", "stch", "uwso", "go4align"])
@tries("Build the balancer with `shift=True`", "Use --set balancing.shift=true")
def test_a_loss_below_zero(name):
    loop = Loop()
    error = refused(loop.step, Balancer.build(name, HEADS), loop.losses(below=1))
    loop.step(Balancer.build(name, HEADS, shift=True), loop.losses(below=1))
    followed_in_run(error, name)
    return f"{error}\n{error.in_run}"


@tries("Build the balancer with `normalise=", "Use --set balancing.normalise=none")
def test_a_loss_below_zero_of_ldc_mtl():
    loop = Loop()
    error = refused(loop.step, Balancer.build("ldc_mtl", HEADS), loop.losses(below=1))
    loop.step(Balancer.build("ldc_mtl", HEADS, normalise="none"), loop.losses(below=1))
    followed_in_run(error, "ldc_mtl")
    return f"{error}\n{error.in_run}"


@tries("Build `GradNorm` with `alpha=0`", "Use --set balancing.alpha=0")
def test_a_loss_below_zero_of_gradnorm():
    loop = Loop()
    error = refused(loop.step, Balancer.build("gradnorm", HEADS), loop.losses(below=1))
    loop.step(Balancer.build("gradnorm", HEADS, alpha=0), loop.losses(below=1))
    followed_in_run(error, "gradnorm")
    return f"{error}\n{error.in_run}"


@tries("Pass `own=[...]` to `backward`")
def test_a_distributed_balancer_without_the_parameters_of_single_tasks():
    loop, balancer = Loop(), Balancer.build("upgrad", HEADS)
    own = [*loop.heads.parameters()]
    balancer.group = object()
    losses = loop.losses()
    error = refused(balancer.find_own, losses, [*loop.body.parameters()], None)
    assert balancer.find_own(losses, [*loop.body.parameters()], own) == own
    assert isinstance(error, ConfigError)
    return str(error)


@tries("should not be given with `level: trunk`")
def test_widths_of_whole_trunks():
    wrong = ["sharing={type: mmoe, level: trunk, hidden: [8]}"]
    error = refused(torso.prepare, plain(), TARGETS, settings=wrong)
    torso.prepare(plain(), TARGETS, settings=["sharing={type: mmoe, level: trunk}"])
    return str(error)


@tries("or try --set balancing=gls")
def test_a_task_with_a_small_share_of_the_gradient():
    from torso.training.gradient_shares import quiet_tasks

    note = quiet_tasks({"mask": 0.03, "boxes": 0.97})
    assert torso.prepare(plain(), TARGETS, settings=pasted(note)).config.balancing["type"] == "gls"
    return note

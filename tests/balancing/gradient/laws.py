"""What holds for every method that combines the rows of a Jacobian.

A `walk` is some steps with a given Jacobian each: the losses are linear in the shared numbers, so that their
gradients are exactly its rows, and each loss is one, so that those of its logarithm are as well.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.balancing.jacobians import JACOBIANS, find, normal
from torso.balancing import Balancer, GradientBalancer
from torso.core.errors import ConfigError
from torso.training.checkpoint import load_tensors, save_tensors

NAMES = [name for name, part in Balancer.registry.items() if issubclass(part, GradientBalancer)]


def build(name: str, tasks: Sequence[str] | int, scale: float = 1.0) -> GradientBalancer:
    part = Balancer.registry.find(name)
    assert issubclass(part, GradientBalancer)
    settings = part.settings_at_scale(scale)
    balancer = Balancer.registry.build({"type": name, **settings}, tasks=tasks)
    assert isinstance(balancer, GradientBalancer)
    return balancer


def step(balancer: GradientBalancer, jacobian: Tensor, present: Tensor | None = None) -> Tensor:
    """Take a step in which the tasks' gradients are `jacobian`; return the direction."""
    shared = nn.Parameter(torch.zeros_like(jacobian[0]))
    balancer.backward(jacobian @ shared + 1.0, [shared], present, own=[])
    return torch.zeros_like(shared) if shared.grad is None else shared.grad


def walk(tasks: int, numbers: int, steps: int = 4) -> list[Tensor]:
    """Return Jacobians with a common part, as consecutive batches have."""
    common = normal(tasks, numbers, 1)
    return [common + 0.5 * normal(tasks, numbers, 10 + index) for index in range(steps)]


def assert_near(actual: Tensor, expected: Tensor, tolerance: float = 1e-9) -> None:
    assert actual.dtype == expected.dtype
    assert float((actual - expected).norm()) <= tolerance * float(expected.norm())


def assert_order_of_tasks_is_no_matter(name: str) -> None:
    for case in find("full", most=8):
        jacobian = JACOBIANS[case].jacobian
        order = torch.arange(len(jacobian)).flip(0)
        reference, other = build(name, len(jacobian)), build(name, len(jacobian))
        for factor in (1.0, 0.7, 1.3):
            actual = step(other, factor * jacobian[order])
            assert_near(actual, step(reference, factor * jacobian))


def assert_scale_is_as_claimed(name: str) -> None:
    """Gradients c times as large: a direction c times as long, also after some steps."""
    for c in (1e-8, 1e8):
        reference, other = build(name, 3), build(name, 3, scale=c)
        for jacobian in walk(3, 20):
            assert_near(step(other, c * jacobian), c * step(reference, jacobian))


def assert_a_task_without_a_gradient_disturbs_nobody(name: str) -> None:
    """A zero row, or an absent task: the others' direction is that without it, step after step."""
    there = torch.tensor([True, True, False, True])
    for present in (None, there):
        reference, other = build(name, 4), build(name, 3)
        for jacobian in walk(4, 20):
            jacobian[~there] = 0.0
            assert_near(step(reference, jacobian, present), step(other, jacobian[there]))


def assert_state_of_absent_tasks_stays(name: str) -> None:
    there = torch.tensor([True, True, False, True])
    balancer = build(name, 4)
    batches = walk(4, 20)
    step(balancer, batches[0])
    step(balancer, batches[1])
    before = {key: value.clone() for key, value in balancer.state_dict().items()}
    step(balancer, batches[2], there)
    for key, value in balancer.state_dict().items():
        if key != "newest" and value.ndim and len(value) == 4:
            assert torch.equal(value[~there], before[key][~there]), key


def assert_no_gradient_at_all_is_no_direction(name: str) -> None:
    for case in find("all zero"):
        jacobian = JACOBIANS[case].jacobian
        balancer = build(name, len(jacobian))
        assert not balancer(jacobian).any()
        assert not step(balancer, jacobian).any()


def assert_one_task_is_the_plain_gradient(name: str) -> None:
    for case in ("well-conditioned 1", "very small 1", "very large 1"):
        jacobian = JACOBIANS[case].jacobian
        assert_near(build(name, 1)(jacobian), jacobian[0])


def assert_equal_gradients_are_followed(name: str) -> None:
    """Where all tasks want the same, that is the direction, step after step."""
    balancer = build(name, 5)
    for jacobian in walk(1, 20):
        actual = step(balancer, jacobian.expand(5, -1))
        if not balancer.averages_gradients:
            assert_near(actual / actual.norm(), jacobian[0] / jacobian.norm())
        weights = list(balancer.task_weights().values())
        assert weights == pytest.approx(weights[:1] * len(weights))


def assert_every_case_gives_finite_numbers(name: str) -> None:
    for case in JACOBIANS.values():
        balancer = build(name, len(case.jacobian))
        for factor in (1.0, -0.5, 1e-3):
            actual = step(balancer, factor * case.jacobian)
            assert actual.isfinite().all()
            assert actual.shape == case.jacobian[0].shape


def assert_forward_changes_nothing(name: str) -> None:
    balancer = build(name, 3)
    batches = walk(3, 20)
    for jacobian in batches[:2]:
        step(balancer, jacobian)
    before = {key: value.clone() for key, value in balancer.state_dict().items()}
    given = batches[2].clone()
    first = balancer(given)
    assert torch.equal(balancer(given), first)
    assert torch.equal(given, batches[2])
    for key, value in balancer.state_dict().items():
        assert torch.equal(value.nan_to_num(), before[key].nan_to_num()), key
    assert torch.equal(step(balancer, given), first)


def assert_saved_and_resumed(name: str) -> None:
    """Two steps, saved to a file, loaded into a new object, two more: the same to the last bit."""

    whole, first, second = build(name, 3), build(name, 3), build(name, 3)
    batches = walk(3, 20)
    expected = [step(whole, jacobian) for jacobian in batches]
    for jacobian in batches[:2]:
        step(first, jacobian)
    with tempfile.TemporaryDirectory() as folder:
        save_tensors(Path(folder) / "balancer", first.state_dict())
        second.load_state_dict(load_tensors(Path(folder) / "balancer"))
    for jacobian, direction in zip(batches[2:], expected[2:], strict=True):
        assert torch.equal(step(second, jacobian), direction)
    assert second.task_weights() == whole.task_weights()


def assert_numbers_that_are_none_are_named(name: str) -> None:
    for bad in (torch.nan, torch.inf, -torch.inf):
        jacobian = normal(3, 5, 0)
        jacobian[1, 3] = bad
        with pytest.raises(ConfigError, match=r"gradient of \['b'\] is NaN or infinite"):
            build(name, ["a", "b", "c"])(jacobian)


def assert_shape_is_checked(name: str) -> None:
    for shape in ((2, 5), (4, 5), (3,), (1, 3, 5)):
        with pytest.raises(ValueError, match=r"`jacobian` should be \[tasks, numbers\] with 3"):
            build(name, 3)(torch.ones(shape))


def assert_dtype_is_that_of_the_gradients(name: str) -> None:
    """float32 gives float32, near the float64 answer; also if the balancer itself was moved."""
    wide, narrow = build(name, 3), build(name, 3)
    moved = build(name, 3).float()
    for jacobian in walk(3, 20):
        expected = step(wide, jacobian).float()
        for balancer in (narrow, moved):
            assert_near(step(balancer, jacobian.float()), expected, 1e-4)


def assert_device_is_that_of_the_gradients(name: str) -> None:
    if not torch.cuda.is_available():
        return
    here, there, moved = build(name, 3), build(name, 3), build(name, 3).cuda()
    for jacobian in walk(3, 20):
        expected = step(here, jacobian)
        for balancer in (there, moved):
            actual = step(balancer, jacobian.cuda())
            assert actual.is_cuda
            if not balancer.draws_on_device:  # each kind of device draws its own numbers
                assert_near(actual.cpu(), expected)


def assert_backward_is_forward_of_the_true_jacobian(name: str) -> None:
    """On a network with a frozen and an unused parameter; its heads get the gradient of their own loss."""
    torch.manual_seed(0)
    body = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Tanh(), nn.Flatten())
    unused = nn.Linear(2, 2)
    heads = nn.ModuleList(nn.Linear(3 * 16, classes) for classes in (2, 3, 4))
    for part in (body, unused, heads):
        part.double()
    body[0].bias.requires_grad_(False)
    shared = [*body.parameters(), *unused.parameters()]
    learned = [parameter for parameter in shared if parameter.requires_grad]
    balancer = build(name, 3)
    for seed in range(3):
        images = normal(8, 36, seed).view(8, 1, 6, 6)
        hidden = body(images)
        losses = torch.stack(
            [
                nn.functional.cross_entropy(head(hidden), torch.arange(8) % head.out_features)
                for head in heads
            ]
        )
        rows, own = [], []
        for loss, head in zip(balancer.transform(losses), heads, strict=True):
            kept = {"retain_graph": True, "materialize_grads": True}
            parts = torch.autograd.grad(loss, learned, allow_unused=True, **kept)
            rows.append(torch.cat([part.flatten() for part in parts]))
            own += torch.autograd.grad(loss, list(head.parameters()), retain_graph=True)
        expected = balancer(torch.stack(rows))
        for parameter in [*shared, *heads.parameters()]:
            parameter.grad = None
        balancer.backward(losses, shared)
        actual = torch.cat(
            [torch.zeros_like(p).flatten() if p.grad is None else p.grad.flatten() for p in learned]
        )
        assert_near(actual, expected, 1e-12)
        for parameter, gradient in zip(heads.parameters(), own, strict=True):
            assert_near(parameter.grad, gradient, 1e-12)
        gram, true = balancer.gram(), torch.stack(rows) @ torch.stack(rows).T
        assert gram is not None
        torch.testing.assert_close(gram, true)


LAWS: list[Callable[[str], None]] = [
    law
    for name, law in list(globals().items())
    if name.startswith("assert_") and name != "assert_near"
]

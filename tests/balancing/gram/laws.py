"""What holds for every balancer that needs no more than inner products, on the fixed Jacobians.

Where gradients depend on each other the weights need not be unique, and where they cancel the weights may be
large; the balanced gradient is what counts, so sizes are measured against `sum(|weights| * |g|)`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence

import pytest
import torch
from torch import Tensor, nn

from tests.balancing.jacobians import JACOBIANS, find
from torso.balancing import Balancer, GramBalancer
from torso.core.errors import ConfigError


def names(count: int) -> list[str]:
    return [f"task {index}" for index in range(count)]


def build(name: str, tasks: Sequence[str] | int, gram: str = "exact") -> GramBalancer:
    tasks = names(tasks) if isinstance(tasks, int) else list(tasks)
    built = Balancer.registry.build(name, tasks=tasks, gram=gram, primary="task 0")
    assert isinstance(built, GramBalancer)
    return built


def grams(
    *tags: str, without: tuple[str, ...] = (), most: int = 64
) -> Iterator[tuple[str, Tensor]]:
    for case in find(*tags, without=without, most=most):
        yield case, JACOBIANS[case].gram


def apart(gram: Tensor, left: Tensor, right: Tensor) -> float:
    """Return the distance of two balanced gradients, relative to the sum of their parts' lengths."""
    lengths = gram.diagonal().clamp(min=0).sqrt()
    unit = torch.where(lengths > 0, lengths, 1.0)
    parts = (left - right) * lengths
    squared = parts @ (gram / unit / unit[:, None]) @ parts
    size = (left.abs() * lengths).sum() + (right.abs() * lengths).sum()
    return float(squared.clamp(min=0).sqrt() / size) if size > 0 else 0.0


class Net(nn.Module):
    """A small network: a shared body, a head per task, losses of different size."""

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(3)
        self.x = torch.randn(6, 4, generator=draw, dtype=torch.float64)
        self.y = torch.randn(6, len(tasks), generator=draw, dtype=torch.float64)
        self.body = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double()
        self.heads = nn.ModuleList([nn.Linear(3, 1).double() for _ in tasks])
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=draw, dtype=torch.float64))
        self.hidden = torch.empty(0)

    def losses(self) -> Tensor:
        self.hidden = self.body(self.x)
        return torch.stack(
            [
                10.0**index * (head(self.hidden)[:, 0] - self.y[:, index]).square().mean()
                for index, head in enumerate(self.heads)
            ]
        )

    def jacobian(self, *, hidden: bool = False) -> Tensor:
        """Return the tasks' gradients with respect to the body, or to what it gives, one row each."""
        losses = self.losses()
        tensors = [self.hidden] if hidden else list(self.body.parameters())
        rows = [torch.autograd.grad(loss, tensors, retain_graph=True) for loss in losses]
        return torch.stack([torch.cat([part.flatten() for part in row]) for row in rows])

    def balanced(self, balancer: GramBalancer) -> tuple[Tensor, list[Tensor]]:
        """Return the gradients that the balancer leaves: the body's, flat, and each head's."""
        self.zero_grad()
        losses = self.losses()
        balancer.backward(losses, list(self.body.parameters()), representation=[self.hidden])
        body = torch.cat([p.grad.flatten() for p in self.body.parameters()])
        return body, [p.grad.clone() for p in self.heads.parameters()]

    def plain_heads(self) -> list[Tensor]:
        return list(torch.autograd.grad(self.losses().sum(), list(self.heads.parameters())))

    def train(self, balancer: GramBalancer, steps: int) -> None:
        optimizer = torch.optim.SGD(self.parameters(), lr=1e-4)
        for _ in range(steps):
            self.balanced(balancer)
            optimizer.step()
            balancer.after_step(lambda: self.losses().detach())


def assert_weights_are_finite(name: str) -> None:
    for case, gram in grams():
        weights = build(name, len(gram)).weights(gram)
        assert weights.shape == (len(gram),), case
        assert weights.isfinite().all(), case
        assert not weights[gram.diagonal() == 0].any(), case


def assert_order_of_tasks_is_no_matter(name: str) -> None:
    for case, gram in grams(without=("zero rows",), most=32):
        count = len(gram)
        if build(name, count).draws_order and case.startswith("twins"):
            continue  # orders are drawn over the tasks by length, and twins are equally long
        order = torch.randperm(count, generator=torch.Generator().manual_seed(count))
        expected = build(name, count).weights(gram)[order]
        shuffled = gram[order][:, order]
        actual = build(name, [f"task {index}" for index in order.tolist()]).weights(shuffled)
        assert apart(shuffled, actual, expected) <= 1e-7, case
        if JACOBIANS[case].tags >= {"full"}:
            torch.testing.assert_close(actual, expected, rtol=1e-6, atol=0.0, msg=case)


def assert_weights_follow_the_scale(name: str) -> None:
    """Powers of four leave every digit as it is; other factors change the last one."""
    for case, gram in grams(without=("size",), most=32):
        balancer = build(name, len(gram))
        weights = balancer.weights(gram)
        for factor in (4.0**-20, 4.0**20):
            actual = balancer.weights(factor * gram) / factor**balancer.degree
            torch.testing.assert_close(actual, weights, rtol=1e-13, atol=0.0, msg=case)
        for factor in (1e-12, 1e12):
            actual = balancer.weights(factor * gram) / factor**balancer.degree
            assert apart(gram, actual, weights) <= 1e-7, case


def assert_equal_gradients_are_treated_equally(name: str) -> None:
    for count in (2, 3, 8):
        balancer = build(name, count)
        weights = balancer.weights(torch.full((count, count), 2.5, dtype=torch.float64))
        if balancer.symmetric:
            torch.testing.assert_close(weights, weights.mean().expand(count), rtol=1e-9, atol=0.0)
        assert weights.sum() > 0
    for case in ("twins 3", "twins 8", "twins 32"):
        gram = JACOBIANS[case].gram
        gram[1], gram[:, 1] = gram[0], gram[0]
        gram[1, 1] = gram[0, 0]
        balancer = build(name, len(gram))
        first, second = balancer.weights(gram)[:2].tolist()
        if balancer.symmetric and balancer.unique_weights and not balancer.draws_order:
            assert first == pytest.approx(second, rel=1e-6, abs=1e-12), case


def assert_no_conflict_where_promised(name: str) -> None:
    for case, gram in grams():
        balancer = build(name, len(gram))
        if not balancer.non_conflicting:
            continue
        weights, lengths = balancer.weights(gram), gram.diagonal().sqrt()
        size = (weights.abs() * lengths).sum()
        assert (gram @ weights >= -1e-9 * lengths * size).all(), case


def assert_a_task_without_gradient_disturbs_nobody(name: str) -> None:
    for case, gram in grams(without=("zero rows",), most=32):
        count = len(gram)
        alone = build(name, count).weights(gram)
        padded = gram.new_zeros(count + 2, count + 2)
        here = [0, *range(2, count + 1)] if count > 1 else [0]
        padded[torch.tensor(here)[:, None], torch.tensor(here)] = gram
        absent = [index for index in range(count + 2) if index not in here]
        weights = build(name, count + 2).weights(padded)
        torch.testing.assert_close(weights[here], alone, rtol=1e-12, atol=0.0, msg=case)
        assert not weights[absent].any(), case


def assert_one_task_is_the_plain_gradient(name: str) -> None:
    for case in find(most=1, without=("all zero",)):
        balancer = build(name, 1)
        weight = balancer.weights(JACOBIANS[case].gram).item()
        assert weight > 0, case
        if balancer.degree == 0 and balancer.plain_for_one_task:
            assert weight == pytest.approx(1.0, abs=1e-12), case


def assert_a_gradient_that_is_no_number_is_named(name: str) -> None:
    good = JACOBIANS["well-conditioned 8"].gram
    for bad in (torch.nan, torch.inf, -torch.inf):
        gram = good.clone()
        for index in (2, 5):
            gram[index], gram[:, index] = bad, bad
        with pytest.raises(ConfigError, match=r"gradient of \['task 2', 'task 5'\] is NaN or inf"):
            build(name, 8).weights(gram)
        gram = good.clone()
        gram[1, 6] = gram[6, 1] = bad
        with pytest.raises(ConfigError, match=r"gradient of \['task 1', 'task 6'\] is NaN or inf"):
            build(name, 8).weights(gram)


def assert_a_matrix_that_is_no_gram_matrix_is_refused(name: str) -> None:
    balancer = build(name, 3)
    for shape in ((2, 2), (3, 2), (3,)):
        with pytest.raises(ValueError, match=r"should be \[tasks, tasks\] = \[3, 3\]. Found"):
            balancer.weights(torch.ones(shape))
    for size in (1.0, 1e-12, 1e12):
        skewed = torch.tensor([[1.0, 0.5, 0.0], [0.1, 1.0, 0.0], [0.0, 0.0, 1e9]]) * size
        with pytest.raises(ValueError, match="should be symmetric"):
            balancer.weights(skewed)


def assert_dtype_goes_through(name: str) -> None:
    """Computed in float64 whatever comes in, so the result is that for the rounded matrix."""
    for case in ("well-conditioned 3", "aligned 8", "rank-deficient 8", "opposed 32"):
        gram = JACOBIANS[case].gram
        balancer = build(name, len(gram))
        exact = balancer.weights(gram)
        for dtype in (torch.float64, torch.float32, torch.bfloat16):
            rounded = gram.to(dtype)
            actual = balancer.weights(rounded)
            assert actual.dtype == dtype, case
            assert actual.isfinite().all(), case
            assert torch.equal(actual, balancer.weights(rounded.double()).to(dtype)), case
            if JACOBIANS[case].tags >= {"full"}:
                bound = {torch.float64: 0.0, torch.float32: 1e-5, torch.bfloat16: 0.2}[dtype]
                assert (actual.double() - exact).abs().max() <= bound * exact.abs().max(), case


def assert_weights_change_nothing(name: str) -> None:
    net, balancer = Net(names(3)), build(name, 3)
    net.train(balancer, 3)
    before = copy.deepcopy(balancer.state_dict())
    gram = JACOBIANS["well-conditioned 3"].gram
    kept = gram.clone()
    first, second = balancer.weights(gram), balancer.weights(gram)
    assert torch.equal(first, second)
    assert torch.equal(gram, kept)
    for key, value in balancer.state_dict().items():
        torch.testing.assert_close(value, before[key], rtol=0, atol=0, equal_nan=True)


def assert_state_survives(name: str) -> None:
    for gram in ("exact", "sketch"):
        net, balancer = Net(names(3)), build(name, 3, gram)
        net.train(balancer, 5)
        resumed = build(name, 3, gram)
        resumed.load_state_dict(copy.deepcopy(balancer.state_dict()))
        twin = Net(names(3))
        twin.load_state_dict(copy.deepcopy(net.state_dict()))
        net.train(balancer, 5)
        twin.train(resumed, 5)
        for left, right in zip(net.parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(left, right, rtol=0, atol=0)
        for key, value in balancer.state_dict().items():
            torch.testing.assert_close(resumed.state_dict()[key], value, equal_nan=True)


def assert_exact_is_weights_times_jacobian(name: str) -> None:
    for warm_up in (0, 3):
        net, balancer = Net(names(3)), build(name, 3)
        net.train(balancer, warm_up)
        jacobian = net.jacobian()
        gram = jacobian @ jacobian.T
        weights = balancer.weights(gram)
        body, heads = net.balanced(balancer)
        size = (weights.abs() * gram.diagonal().sqrt()).sum()
        assert (body - weights @ jacobian).norm() <= 1e-9 * size
        torch.testing.assert_close(heads, net.plain_heads(), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(balancer.gram(), gram)


def assert_representation_weighs_by_what_the_body_gives(name: str) -> None:
    net, balancer = Net(names(3)), build(name, 3, "representation")
    rows = net.jacobian(hidden=True)
    weights = balancer.weights(rows @ rows.T)
    jacobian = net.jacobian()
    body, heads = net.balanced(balancer)
    size = (weights.abs() * jacobian.norm(dim=1)).sum()
    assert (body - weights @ jacobian).norm() <= 1e-9 * size
    torch.testing.assert_close(heads, net.plain_heads(), rtol=1e-12, atol=1e-12)


def assert_a_sketch_begins_exactly(name: str) -> None:
    exact, heads = Net(names(3)).balanced(build(name, 3))
    actual, found_heads = Net(names(3)).balanced(build(name, 3, "sketch"))
    torch.testing.assert_close(actual, exact, rtol=1e-12, atol=0.0)
    torch.testing.assert_close(found_heads, heads, rtol=1e-12, atol=0.0)


LAWS: list[Callable[[str], None]] = [
    law for name, law in list(globals().items()) if name.startswith("assert_")
]

"""PCGrad: removes from each gradient the parts that conflict with other gradients."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.balancing.gram._quadratic import lengths_and_correlations

__all__ = ["PCGrad", "orders", "project"]


class PCGrad(GramBalancer, name="pcgrad"):
    """The sum of the gradients, each projected on the normal planes of conflicting gradients.

    From Yu, Kumar, Gupta, Levine, Hausman, Finn, NeurIPS 2020, "Gradient Surgery for Multi-Task Learning"
    (https://arxiv.org/abs/2001.06782), algorithm 1. The projections are linear combinations of the gradients, so
    the whole surgery works on coefficients. As in the paper each gradient meets the others in its own random
    order, drawn anew in every step.

    Differs: a draw depends only on the seed and the number of the step, so that `weights` is a function, and a
    resumed run or each process of a distributed one draws the same. Orders are drawn over the tasks sorted by the
    length of their gradients, so that tasks listed in another order get the same weights, draw by draw (in
    distribution if lengths are equal).

    Args:
        seed: seed of the draws.
    """

    draws_order = True
    step: Tensor

    def __init__(self, tasks: Sequence[str] | int, *, seed: int = 0, gram: Gram = "sketch") -> None:
        super().__init__(tasks, gram=gram)
        self.seed = seed
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the summed coefficients; none is below one."""
        del tasks
        return project(gram, orders(gram, self.seed, int(self.step)))

    def update(self, gram: Tensor, tasks: Tensor, /) -> None:
        """Go on to the next draw."""
        del gram, tasks
        self.step += 1


def orders(gram: Tensor, seed: int, step: int) -> Tensor:
    """Return int64 `[tasks, tasks - 1]`: for each task the others in a random order.

    Args:
        gram: `[tasks, tasks]`.
        seed: seed of all draws.
        step: number of the draw.
    """
    by_sum = gram.sum(1).argsort(stable=True)
    by_length = by_sum[gram.diagonal()[by_sum].argsort(stable=True)]
    generator = torch.Generator().manual_seed((seed * 1_000_003 + step) % 2**32)
    drawn = torch.rand(gram.shape, dtype=gram.dtype, generator=generator)
    keys = torch.empty_like(gram)
    keys[by_length[:, None], by_length] = drawn.fill_diagonal_(2.0)  # the task itself comes last
    return keys.argsort(dim=1)[:, :-1]


def project(gram: Tensor, order: Tensor) -> Tensor:
    """Return the weights `[tasks]` of algorithm 1 along given orders.

    Args:
        gram: `[tasks, tasks]`, no zero on its diagonal.
        order: int64 `[tasks, tasks - 1]`, the others in the order in which each task meets them.
    """
    lengths, correlation = lengths_and_correlations(gram)
    coefficients = torch.eye(len(gram), dtype=gram.dtype)  # of unit gradients, one row per task
    products = correlation.clone()  # of each changed gradient with every unit gradient
    rows = torch.arange(len(gram))
    for others in order.T:
        step = -products[rows, others].clamp(max=0.0)
        coefficients[rows, others] += step
        products += step[:, None] * correlation[others]
    return lengths @ coefficients / lengths

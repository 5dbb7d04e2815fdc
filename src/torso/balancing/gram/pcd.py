"""PCD: follows one primary task, with a guaranteed share of progress for the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.balancing.gram._quadratic import lengths_and_correlations, square_root
from torso.core.errors import unknown
from torso.core.ranges import Range

__all__ = ["PCD"]


class PCD(GramBalancer, name="pcd"):
    """The direction nearest to the primary gradient with a share of progress for every other task.

    From Varam and AlHajri, TMLR 2026, "Not All Objectives Are Born Equal: Priority-Constrained Descent for
    Hierarchical Multi-Objective Optimization" (https://arxiv.org/abs/2606.29521), algorithm 1: with
    `h_i = g_i / sqrt(v_i)`, where `v_i` is the bias-corrected running mean of `|g_i|^2`, it is
    `argmin |d - h_1|^2 / 2` subject to `<h_j, d> >= tau |h_j|^2` for every other task j, rescaled to the
    length of the primary gradient. If the constraints contradict each other, it is the primary gradient.

    Differs: solved exactly by non-negative least squares (Lawson and Hanson 1974, chapter 23), where the authors'
    code tries all sets of active constraints; nothing is added to `v_i` (theirs: 1e-8), so small gradients are no
    special case; every task counts its own steps, so that means of tasks without labels do not fade. In a batch
    without labels of the primary task the first of the others leads; the paper would not move.

    Args:
        primary: name of the task to follow; default: the first.
        tau: share of the progress along its own normalised gradient that each other task gets, 0 to 1.
        beta: weight of the past in the running means, from 0 to below 1.
    """

    symmetric = False  # one task is the primary one
    squares: Tensor
    seen: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        primary: str | None = None,
        tau: Annotated[float, Range(0.0, 0.5)] = 0.02,
        beta: Annotated[float, Range(0.9, 0.9999)] = 0.999,
        gram: Gram = "sketch",
    ) -> None:
        super().__init__(tasks, gram=gram)
        if primary is not None and primary not in self.tasks:
            raise ValueError(unknown("task in `primary`:", primary, self.tasks))
        if not 0.0 <= tau <= 1.0:
            raise ValueError(f"Parameter `tau` should be from 0 to 1. Found {tau}.")
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Parameter `beta` should be from 0 to below 1. Found {beta}.")
        self.primary = 0 if primary is None else self.tasks.index(primary)
        self.tau, self.beta = tau, beta
        count = len(self.tasks)
        self.register_buffer("squares", torch.zeros(count, dtype=torch.float64))
        self.register_buffer("seen", torch.zeros(count, dtype=torch.int64))

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the weights; the primary gradient has a positive one unless nothing is left."""
        lengths, correlation = lengths_and_correlations(gram)
        primary = (tasks == self.primary).nonzero().flatten().tolist()
        first = primary[0] if primary else 0
        others = torch.tensor([index for index in range(len(gram)) if index != first])
        units = torch.zeros_like(lengths)  # weights of the unit gradients; the primary's is one
        units[first] = 1.0
        if len(others):
            sizes = lengths / self._means(gram, tasks).sqrt()  # of the normalised gradients
            least = self.tau * sizes[others] / sizes[first] - correlation[others, first]
            units[others] = _least_distance(correlation[others][:, others], least)
        squared = units @ correlation @ units
        if bool(squared <= len(gram) * torch.finfo(gram.dtype).eps * units.sum() ** 2):
            return torch.zeros_like(lengths)
        return units / squared.sqrt() * lengths[first] / lengths

    def update(self, gram: Tensor, tasks: Tensor, /) -> None:
        """Add the squared lengths to the running means."""
        self.squares[tasks] = self._raw_means(gram, tasks).to(self.squares)
        self.seen[tasks] += 1

    def _raw_means(self, gram: Tensor, tasks: Tensor) -> Tensor:
        return self.beta * self.squares.to(gram)[tasks] + (1 - self.beta) * gram.diagonal()

    def _means(self, gram: Tensor, tasks: Tensor) -> Tensor:
        steps = self.seen.to(gram)[tasks] + 1
        return self._raw_means(gram, tasks) / (1 - self.beta**steps)

    def _scaled(self, gram: Tensor) -> tuple[Tensor, Tensor, float]:
        """Keep the scale, since the running means compare gradients of different steps."""
        rows, tasks, scale = super()._scaled(gram)
        return rows * scale, tasks, 1.0


def _least_distance(correlation: Tensor, least: Tensor) -> Tensor:
    """Return `m >= 0` for which `m @ units` is the shortest vector with `<units, .> >= least`.

    Zeros if there is none. In the non-negative least squares problem `min |A u - e|` the columns of A are the unit
    vectors with `least` below them, and `e` is the last axis. Its residual is zero if and only if the constraints
    contradict each other. Otherwise its positive entries are the active constraints, which hold with equality.

    Args:
        correlation: `[k, k]`, inner products of unit vectors.
        least: `[k]`.
    """
    from scipy.optimize import nnls

    nothing = torch.zeros_like(least)
    size = least.abs().max()
    if bool((least <= 0).all()):
        return nothing
    root = square_root(correlation)  # [rank, k]
    target = root.new_zeros(len(root) + 1)
    target[-1] = 1.0
    solution, residual = nnls(
        torch.cat([root, (least / size)[None]]).numpy(), target.numpy(), maxiter=100 * len(least)
    )
    active = torch.from_numpy(solution > 0)
    if residual**2 < 1e-12 or not bool(active.any()):
        return nothing
    multipliers = torch.linalg.lstsq(
        root[:, active].T @ root[:, active], least[active], driver="gelsd"
    ).solution
    nothing[active] = multipliers.clamp(min=0.0)
    return nothing

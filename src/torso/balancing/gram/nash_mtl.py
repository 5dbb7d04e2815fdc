"""Nash-MTL: the tasks bargain for the direction of the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from torso.balancing.gram._equilibrium import equilibrium
from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.balancing.gram._quadratic import lengths_and_correlations

__all__ = ["NashMTL"]


class NashMTL(GramBalancer, name="nash_mtl"):
    """The direction that maximises the product of the tasks' gains.

    `G a = 1 / a` with `a > 0`: the direction that maximises the product of the tasks' gains.

    From Navon, Shamsian, Achituve, Maron, Kawaguchi, Chechik, Fetaya, ICML 2022, "Multi-Task Learning as a
    Bargaining Game" (https://arxiv.org/abs/2202.01017), claim 3.1. As in the authors' code, and unlike the paper, the
    default solves with `G / |G|` (Frobenius): the same direction with the length `sqrt(tasks |G|)` instead of
    `sqrt(tasks)`, so that the step shrinks with the gradients.

    Differs: the authors approach the solution by up to 20 linearised convex programmes, started from the last
    step's weights and stopped by absolute thresholds; this is Newton's method on `a' G a / 2 - sum(log a)` to
    rounding, and keeps no state. Their code clips the shared gradient to the length 1, which is `training.clip`
    here, and weighs the heads too, which get their plain gradient here. If some gradients cancel exactly there is
    no solution; those tasks' weights are then large (up to about 1e5), and cancel.

    Args:
        normalize: solve with `G / |G|`, as in the authors' code; False: with G, as in the paper, where weights
            grow as the gradients vanish.
    """

    non_conflicting: ClassVar[bool] = True

    def __init__(
        self, tasks: Sequence[str] | int, *, normalize: bool = True, gram: Gram = "sketch"
    ) -> None:
        super().__init__(tasks, gram=gram)
        self.normalize = normalize
        self.degree = 0.0 if normalize else -0.5  # type: ignore[misc]  # depends on the setting

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return `a`."""
        del tasks
        lengths, correlation = lengths_and_correlations(gram)
        weights = equilibrium(correlation, torch.ones_like(lengths), 1.0) / lengths
        return weights * gram.norm().sqrt() if self.normalize else weights

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
    """`G a = 1 / a` with `a > 0`: the direction that maximises the product of the tasks' gains.

    From Navon, Shamsian, Achituve, Maron, Kawaguchi, Chechik, Fetaya, ICML 2022, "Multi-Task Learning as a
    Bargaining Game" (https://arxiv.org/abs/2202.01017), claim 3.1. Differs: the authors approach the
    solution by up to 20 linearised convex programmes, started from the last step's weights and stopped by
    absolute thresholds; this is Newton's method on `a' G a / 2 - sum(log a)` to rounding, and keeps no state.
    As their code (and unlike the paper, where G is taken as it is) the default solves with `G / |G|` (Frobenius): the
    same direction, with a length of `sqrt(tasks |G|)` instead of `sqrt(tasks)`, so that the step shrinks with the
    gradients. Their code then clips the shared gradient to the length 1, here that is `training.clip`, and weighs the
    heads as well, which here get their plain gradient. Where some gradients cancel exactly there is no solution;
    those tasks' weights are then large (up to about 1e5) and cancel as well.

    Args:
        tasks: names of the tasks.
        normalize: solve with `G / |G|`, as the authors' code does; False is the paper's equation, whose weights
            grow as the gradients vanish.
        gram: where the inner products come from (see `GramBalancer`).
    """

    non_conflicting: ClassVar[bool] = True

    def __init__(
        self, tasks: Sequence[str] | int, *, normalize: bool = True, gram: Gram = "sketch"
    ) -> None:
        super().__init__(tasks, gram=gram)
        self.normalize = normalize
        self.degree = 0.0 if normalize else -0.5  # type: ignore[misc]  # this object's, not the class's

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return `a`."""
        del tasks
        lengths, correlation = lengths_and_correlations(gram)
        weights = equilibrium(correlation, torch.ones_like(lengths), 1.0) / lengths
        return weights * gram.norm().sqrt() if self.normalize else weights

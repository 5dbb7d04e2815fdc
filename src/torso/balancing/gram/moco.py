"""MoCo: approaches the weights of the shortest vector by one small step per batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing._simplex import onto_simplex
from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.core.ranges import Range

__all__ = ["MoCo"]


class MoCo(GramBalancer, name="moco"):
    """Approaches MGDA's weights by one small step per batch.

    The weights lie on the simplex and take one projected gradient step of `w' G w / 2` per training step.

    From Fernando, Shen, Liu, Chaudhury, Murugesan, Chen, ICLR 2023, "Mitigating Gradient Bias in Multi-objective
    Learning: A Provably Convergent Approach" (https://arxiv.org/abs/2210.12624), algorithm 1:
    `w <- project(w - gamma_t (G + rho I) w)` with `gamma_t = gamma / t^decay`. The new weights are used at once, as
    in the authors' code; `t` counts updates of the weights.

    Differs: the paper takes G from a running mean of every task's gradient, and steps along it; this holds a copy
    of the shared part per task. A Gram method sees inner products only. With `gram: sketch` G is a running mean of
    Gram matrices, with the noise on its diagonal that a mean of gradients would lose; with `exact` it is that of
    the batch. The step goes along the batch's gradients. G is divided by its largest diagonal entry, so `gamma` and
    `rho` mean the same at every scale (the authors' code may rescale each gradient to the size of its loss
    instead). The projection is the paper's; some of the authors' code takes a softmax.

    Args:
        gamma: length of the first step on the weights.
        decay: power of t that shortens the steps, from 0 on.
        rho: pull towards equal weights, from 0 on.
    """

    tracked: Tensor
    step: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        gamma: Annotated[float, Range(1e-3, 1.0, log=True)] = 0.1,
        decay: Annotated[float, Range(0.0, 1.0)] = 0.5,
        rho: Annotated[float, Range(0.0, 1.0)] = 0.0,
        gram: Gram = "sketch",
    ) -> None:
        super().__init__(tasks, gram=gram)
        for name, value in {"gamma": gamma, "decay": decay, "rho": rho}.items():
            if not 0.0 <= value < float("inf"):
                raise ValueError(
                    f"Parameter `{name}` should be a finite number from 0 on. Found {value}."
                )
        self.gamma, self.decay, self.rho = gamma, decay, rho
        count = len(self.tasks)
        self.register_buffer("tracked", torch.full((count,), 1 / count, dtype=torch.float64))
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the weights after one more step; they sum to one."""
        start = self.tracked.to(gram)[tasks]
        total = start.sum()
        start = start / total if bool(total > 0) else torch.full_like(start, 1 / len(start))
        rate = self.gamma / (int(self.step) + 1) ** self.decay
        return onto_simplex(start - rate * (gram @ start + self.rho * start))

    def update(self, gram: Tensor, tasks: Tensor, /) -> None:
        """Keep the weights; these tasks share their former sum of weights."""
        share = self.tracked[tasks].sum()
        self.tracked[tasks] = share * self.solve(gram, tasks).to(self.tracked)
        self.step += 1

"""GradVac: gradients are turned towards each other, up to their usual similarity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing.gram._gram_balancer import Gram, GramBalancer
from torso.balancing.gram._quadratic import lengths_and_correlations
from torso.balancing.gram.pcgrad import orders
from torso.core.ranges import Range

__all__ = ["GradVac"]

_LARGEST = 1.0 - 1e-6
"""Largest target cosine: a target of one would ask for an infinite step."""


class GradVac(GramBalancer, name="grad_vac"):
    """The sum of the gradients, each turned towards others that it is usually more similar to.

    From Wang, Tsvetkov, Firat, Cao, ICLR 2021, "Gradient Vaccine" (https://arxiv.org/abs/2010.05874),
    algorithm 1. Gradient i meets the others in random order. If its cosine with gradient j is below the target
    `phi[i, j]`, a multiple of gradient j is added that brings it exactly to the target. The target is the running
    mean `(1 - beta) phi + beta cosine` from zero, where the method is PCGrad. The paper uses `beta = 0.01`, code
    often 0.5.

    Differs: one group of parameters, the whole shared vector; absent tasks keep their targets; a target of one,
    which no finite step reaches, counts as 1 - 1e-6; a gradient turned into nothing has no cosine; orders are drawn
    as for `PCGrad`. Unlike in widespread code, and as in the paper, the targets move at every meeting, not only
    when a gradient is turned.

    Args:
        beta: weight of the newest cosine in the targets, from 0 to 1.
        seed: seed of the draws.
    """

    draws_order = True
    target: Tensor
    step: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        beta: Annotated[float, Range(1e-3, 1.0, log=True)] = 0.5,
        seed: int = 0,
        gram: Gram = "sketch",
    ) -> None:
        super().__init__(tasks, gram=gram)
        if not 0.0 <= beta <= 1.0:
            raise ValueError(f"Parameter `beta` should be from 0 to 1. Found {beta}.")
        self.beta, self.seed = beta, seed
        count = len(self.tasks)
        self.register_buffer("target", torch.zeros(count, count, dtype=torch.float64))
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def solve(self, gram: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the summed coefficients; none is below one."""
        weights, _ = self._vaccinate(gram, tasks)
        return weights

    def update(self, gram: Tensor, tasks: Tensor, /) -> None:
        """Move the targets of the tasks that met, and go on to the next draw."""
        _, cosines = self._vaccinate(gram, tasks)
        pairs = tasks[:, None], tasks
        old = self.target[pairs]
        new = (1 - self.beta) * old + self.beta * cosines.to(old)
        self.target[pairs] = torch.where(new.isnan(), old, new)
        self.step += 1

    def _vaccinate(self, gram: Tensor, tasks: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weights `[k]` and the cosines `[k, k]` at each meeting, NaN without a meeting."""
        lengths, correlation = lengths_and_correlations(gram)
        order = orders(gram, self.seed, int(self.step))
        targets = self.target.to(gram)[tasks[:, None], tasks].clamp(-_LARGEST, _LARGEST)
        target_sines = (1 - targets**2).sqrt()
        coefficients = torch.eye(len(gram), dtype=gram.dtype)  # of unit gradients, one row per task
        total = coefficients.sum(1)
        products = correlation.clone()  # of each turned gradient with every unit gradient
        cosines = torch.full_like(gram, torch.nan)
        rows = torch.arange(len(gram))
        vanished = (len(gram) * torch.finfo(gram.dtype).eps) ** 0.5
        for others in order.T:
            pairs = rows, others
            length = (coefficients * products).sum(1).clamp(min=0.0).sqrt()
            alive = length > vanished * total
            cosine = (products[pairs] / length.where(alive, torch.nan)).clamp(-1.0, 1.0)
            sine = (1 - cosine**2).sqrt()
            step = length * (targets[pairs] / target_sines[pairs] * sine - cosine)
            step = step.nan_to_num_(0.0).clamp_(min=0.0)  # below zero: similar enough
            coefficients[pairs] += step
            total += step
            products += step[:, None] * correlation[others]
            cosines[pairs] = cosine
        return lengths @ coefficients / lengths, cosines

"""GradVac: gradients are turned towards each other until they are as similar as they usually are."""

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

_LARGEST = 1.0 - 1e-6  # target cosine; a target of one would ask for an infinite step


class GradVac(GramBalancer, name="grad_vac"):
    """The sum of the gradients, each turned towards those that it is less similar to than usual.

    From Wang, Tsvetkov, Firat, Cao, ICLR 2021, "Gradient Vaccine" (https://arxiv.org/abs/2010.05874),
    algorithm 1. Gradient i meets the others in random order; where its cosine with gradient j is below the
    target `phi[i, j]`, a multiple of gradient j is added that brings it to the target exactly. The
    target is the running mean `(1 - beta) phi + beta cosine`, from zero, where the method is
    PCGrad. One group: the whole shared vector. Differs from widespread code: the targets move at
    every meeting, as in the paper, not only when a gradient is turned; targets of tasks that are absent
    stay as they are; a target of one, which no finite step reaches, counts as 1 - 1e-6; a gradient that
    was turned into nothing has no cosine. The paper uses `beta = 0.01`, code often 0.5. Orders are drawn as
    for `PCGrad`.

    Args:
        tasks: names of the tasks.
        beta: weight of the newest cosine in the targets, from 0 to 1.
        seed: of the draws.
        gram: where the inner products come from (see `GramBalancer`).
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
        here = tasks[:, None], tasks
        old = self.target[here]
        new = (1 - self.beta) * old + self.beta * cosines.to(old)
        self.target[here] = torch.where(new.isnan(), old, new)
        self.step += 1

    def _vaccinate(self, gram: Tensor, tasks: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weights `[k]` and the cosines `[k, k]` at each meeting, NaN where there was none."""
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
            here = rows, others
            length = (coefficients * products).sum(1).clamp(min=0.0).sqrt()
            alive = length > vanished * total
            cosine = (products[here] / length.where(alive, torch.nan)).clamp(-1.0, 1.0)
            sine = (1 - cosine**2).sqrt()
            step = length * (targets[here] / target_sines[here] * sine - cosine)
            step = step.nan_to_num_(0.0).clamp_(min=0.0)  # below zero: similar enough
            coefficients[here] += step
            total += step
            products += step[:, None] * correlation[others]
            cosines[here] = cosine
        return lengths @ coefficients / lengths, cosines

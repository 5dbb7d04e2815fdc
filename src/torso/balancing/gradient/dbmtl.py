"""DB-MTL: smoothed gradients of the logarithms of the losses, all as long as the longest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing.gradient._gradient_balancer import GradientBalancer
from torso.balancing.gradient._row_memory import RowMemory
from torso.core.errors import ConfigError
from torso.core.ranges import Range

__all__ = ["DBMTL"]


class DBMTL(GradientBalancer, name="dbmtl"):
    """Smoothed gradients of the losses' logarithms, all scaled to one length.

    `sum_i (max_j |m_j| / |m_i|) m_i` with `m_i` a running mean of the gradient of `log loss_i`.

    From Lin, Jiang, Ye, Zhang, Chen, Chen, Liu, Kwok, 2023, "Dual-Balancing for Multi-Task Learning"
    (https://arxiv.org/abs/2308.12029), algorithm 1: in the k-th step `m <- b m + (1 - b) g`,
    `b = beta / k ** sigma`. As in the paper, each task's own parameters also get the gradient of the logarithm.
    Multiplying a loss by a constant changes nothing. It takes the memory of one more Jacobian, tasks x shared
    parameters.

    Differs: the mean begins with the first gradient instead of zero, which would shorten the first steps; k counts
    the steps in which the task had a gradient; nothing is added to losses and lengths (the authors add 1e-8), and
    a loss of exactly zero has no gradient.

    Args:
        beta: weight of the past in the first step, from 0 to below 1.
        sigma: power of the step number that lowers `beta`; 0 keeps it.

    Raises:
        ConfigError: in `backward`, a loss is negative.
    """

    averages_gradients = True
    steps: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        beta: Annotated[float, Range(0.0, 0.99)] = 0.9,
        sigma: Annotated[float, Range(0.0, 1.0)] = 0.0,
    ) -> None:
        super().__init__(tasks)
        if not 0 <= beta < 1:
            raise ValueError(f"Parameter `beta` should be at least 0 and below 1. Found {beta}.")
        if not sigma >= 0:
            raise ValueError(f"Parameter `sigma` should not be negative. Found {sigma}.")
        self.beta = beta
        self.sigma = sigma
        self.mean = RowMemory(len(self.tasks))
        self.register_buffer("steps", torch.zeros(len(self.tasks), dtype=torch.int64))

    def transform(self, losses: Tensor, /) -> Tensor:
        """Return the logarithms; for a loss of zero, a zero without a gradient."""
        values = losses.tolist()
        negative = {self.tasks[task]: loss for task, loss in enumerate(values) if loss < 0}
        if negative:
            raise ConfigError(
                f"`dbmtl` takes logarithms, so losses should be positive. Found {negative}. Use a loss that "
                "cannot be negative, or another balancer."
            )
        return losses.where(losses > 0, 1.0).log()

    def combine(self, jacobian: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the sum of the means, all scaled to the length of the longest."""
        means = self._means(jacobian, tasks)
        lengths = torch.linalg.vector_norm(means, dim=1, dtype=torch.float64)
        factors = torch.where(lengths > 0, lengths.max() / lengths, 0.0)
        return factors.to(means) @ means

    def update(self, jacobian: Tensor, tasks: Tensor, losses: Tensor, /) -> None:
        """Add these rows to the means."""
        del losses
        self.mean.put(tasks, self._means(jacobian, tasks))
        self.steps[tasks] += 1

    def _means(self, jacobian: Tensor, tasks: Tensor) -> Tensor:
        steps = self.steps[tasks].double()
        decay = torch.where(steps > 0, self.beta / (steps + 1.0).pow(self.sigma), 0.0)
        return torch.lerp(jacobian, self.mean.get(tasks, jacobian), decay.to(jacobian)[:, None])

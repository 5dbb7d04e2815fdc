"""Homoscedastic uncertainty: one learned variance per task weighs its loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.balancing._arguments import Losses
from torso.balancing.loss._loss_balancer import LossBalancer
from torso.core.ranges import Range

__all__ = ["Uncertainty"]


class Uncertainty(LossBalancer, name="uncertainty"):
    """One learned variance per task weighs its loss.

    `sum_k 0.5 * exp(-s_k) * L_k + 0.5 * s_k` with one learned log-variance s per task.

    From Kendall, Gal, Cipolla, CVPR 2018, "Multi-Task Learning Using Uncertainty to Weigh Losses"
    (https://arxiv.org/abs/1705.07115), equation 7 with `s = log sigma^2`, which the paper recommends for numerical
    stability. As in the widespread implementations the factor 1/2 stands before every loss; the paper drops it for
    cross-entropies (equation 10), which changes a weight by a constant factor.

    Differs: a loss below zero (a density can exceed one) would drive its weight to infinity, so `after_step` clamps
    s to `floor`. A task without labels in the batch has a gradient of zero for its s; an optimiser with momentum
    still moves it for some steps (Adam by about 10 times its rate in all).

    Args:
        floor: least log-variance; the largest weight is `0.5 * exp(-floor)`.
    """

    def __init__(
        self, tasks: Sequence[str] | int, *, floor: Annotated[float, Range(-6.0, 0.0)] = -3.0
    ) -> None:
        super().__init__(tasks)
        self.floor = floor
        self.log_variance = nn.Parameter(torch.zeros(len(self.tasks)))

    def forward(self, losses: Tensor, present: Tensor, /) -> Tensor:
        """Return the weighted sum plus the log-variances of the tasks that have labels."""
        s = self._bounded().to(losses.dtype)
        return (0.5 * (torch.exp(-s) * losses + s) * present).sum()

    @torch.no_grad()
    def after_step(self, recompute: Callable[[], Losses]) -> None:
        """Clamp s to the floor."""
        del recompute
        # Below the floor the clamped value has no gradient, and s would stay there for good.
        self.log_variance.clamp_(min=self.floor)

    def _bounded(self) -> Tensor:
        return self.log_variance.clamp(min=self.floor)

    def task_weights(self) -> dict[str, float]:
        """Return the current factors before the losses."""
        factors = 0.5 * torch.exp(-self._bounded().detach())
        return dict(zip(self.tasks, factors.tolist(), strict=True))

"""IMTL-L: one learned scale per task brings every scaled loss to one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.balancing._arguments import Losses
from torso.balancing.loss._loss_balancer import LossBalancer
from torso.core.ranges import Range

__all__ = ["IMTLL"]


class IMTLL(LossBalancer, name="imtl_l"):
    """One learned scale per task brings every scaled loss to one.

    `sum_k exp(s_k) L_k - s_k` with one learned s per task.

    At the optimum every `exp(s_k) L_k` is one.

    From Liu, Li, Kuang, Xue, Chen, Yang, Liao, Zhang, ICLR 2021, "Towards Impartial Multi-Task Learning"
    (https://openreview.net/forum?id=IMPnRXEWpvr), section 3.2 (the loss balance). It is twice `uncertainty`
    with `s` of the other sign. Differs: a loss near or below zero would drive its weight to infinity, so `after_step`
    clamps s to `ceiling`. A task without labels in the batch has a gradient of zero for its s; an optimiser with
    momentum still moves it for some steps (Adam by about 10 times its rate in all).

    Args:
        ceiling: largest s; the largest weight is `exp(ceiling)`, reached by a loss of `exp(-ceiling)`.
    """

    def __init__(
        self, tasks: Sequence[str] | int, *, ceiling: Annotated[float, Range(0.0, 6.0)] = 3.0
    ) -> None:
        super().__init__(tasks)
        if not ceiling >= 0.0:
            raise ValueError(f"Parameter `ceiling` should not be negative. Found {ceiling}.")
        self.ceiling = ceiling
        self.scale = nn.Parameter(torch.zeros(len(self.tasks)))

    def forward(self, losses: Tensor, present: Tensor, /) -> Tensor:
        """Return the scaled sum minus the scales of the tasks that have labels."""
        s = self.scale.clamp(max=self.ceiling).to(losses.dtype)
        return ((s.exp() * losses - s) * present).sum()

    @torch.no_grad()
    def after_step(self, recompute: Callable[[], Losses]) -> None:
        """Clamp s to the ceiling."""
        del recompute
        # Above the ceiling the clamped value has no gradient, and s would stay there for good.
        self.scale.clamp_(max=self.ceiling)

    def task_weights(self) -> dict[str, float]:
        """Return the current factors before the losses."""
        factors = self.scale.detach().clamp(max=self.ceiling).exp()
        return dict(zip(self.tasks, factors.tolist(), strict=True))

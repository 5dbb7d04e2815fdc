"""Dynamic weight average: more weight for tasks that stopped improving."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing.loss._positive import PositiveBalancer
from torso.core.ranges import Range

__all__ = ["DWA"]


class DWA(PositiveBalancer, name="dwa"):
    """More weight for tasks with losses that stopped falling.

    `sum_k w_k L_k` with `w = K softmax(r / T)` and `r_k` the ratio of the last two epochs' mean losses.

    From Liu, Johns, Davison, CVPR 2019, "End-to-End Multi-Task Learning with Attention"
    (https://arxiv.org/abs/1803.10704), equation 7. An epoch ends when `end_epoch` is called; in the first two every
    weight is one. Differs: K counts the tasks with labels in the batch; a task without labels in a whole epoch
    keeps its ratio; a task without a ratio has `r = 1`.

    Args:
        temperature: T; the larger, the more even the weights.
    """

    total: Tensor
    count: Tensor
    newer: Tensor
    older: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        temperature: Annotated[float, Range(0.5, 10.0, log=True)] = 2.0,
        shift: bool = False,
    ) -> None:
        super().__init__(tasks, shift=shift)
        if not temperature > 0.0:
            raise ValueError(f"Parameter `temperature` should be above 0. Found {temperature}.")
        self.temperature = temperature
        zeros = torch.zeros(len(self.tasks))
        self.register_buffer("total", zeros.clone())
        self.register_buffer("count", torch.zeros(len(self.tasks), dtype=torch.int64))
        self.register_buffer("newer", zeros + torch.nan)
        self.register_buffer("older", zeros + torch.nan)

    def scalar(self, losses: Tensor, tasks: Tensor, bound: Tensor, /) -> Tensor:
        """Return the weighted sum; the weights sum to the number of tasks."""
        return (self._weights(tasks, bound).to(losses) * losses).sum()

    def _weights(self, tasks: Tensor, bound: Tensor) -> Tensor:
        ratio = (self.newer[tasks] - bound) / (self.older[tasks] - bound)
        ratio = torch.where(ratio.isfinite(), ratio, 1.0)
        return len(tasks) * (ratio / self.temperature).softmax(0)

    def update(self, losses: Tensor, tasks: Tensor, /) -> None:
        """Add to the epoch's means."""
        super().update(losses, tasks)
        self.total[tasks] += losses.to(self.total)
        self.count[tasks] += 1

    @torch.no_grad()
    def end_epoch(self) -> None:
        """Shift the last two epochs' mean losses by one epoch."""
        labelled = self.count > 0
        self.older.copy_(torch.where(labelled, self.newer, self.older))
        self.newer.copy_(torch.where(labelled, self.total / self.count, self.newer))
        self.total.zero_()
        self.count.zero_()

"""Smooth Tchebycheff: lowers the worst loss, relative to its value after a warm-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from torso.balancing._preference import Preference, preference_of
from torso.balancing.loss._positive import PositiveBalancer
from torso.core.ranges import Range

__all__ = ["STCH"]


class STCH(PositiveBalancer, name="stch"):
    """A smooth maximum of the losses, relative to their values after a warm-up.

    `K mu log sum_k exp(p_k log(L_k / N_k) / mu)`, a smooth maximum of the relative losses.

    From Lin, Zhang, Yang, Liu, Wang, Zhang, ICML 2024, "Smooth Tchebycheff Scalarization for Multi-Objective
    Optimization" (https://arxiv.org/abs/2402.19078), on log losses as in the authors' multi-task code. First come
    `warmup` epochs of `sum_k log L_k`; the mean loss of the last one is `N_k`, the nadir. An epoch ends when
    `end_epoch` is called; without it the warm-up never ends. Differs: the authors' code has no preferences; a task
    without labels in that epoch keeps its `log L_k` until an epoch gives it a nadir.

    Args:
        mu: smoothness; a small value is near the maximum.
        warmup: epochs of warm-up, at least one. The authors' default, 4 counted from zero, makes five.
        preference: `{task: p}`, above zero, 1 for a task that is not named; or one number per task; default: all 1.
    """

    preference: Tensor
    epoch: Tensor
    total: Tensor
    count: Tensor
    nadir: Tensor

    def __init__(
        self,
        tasks: Sequence[str] | int,
        *,
        mu: Annotated[float, Range(0.1, 10.0, log=True)] = 1.0,
        warmup: Annotated[int, Range(1, 10)] = 5,
        preference: Preference = None,
        shift: bool = False,
    ) -> None:
        super().__init__(tasks, shift=shift)
        if not mu > 0.0:
            raise ValueError(f"Parameter `mu` should be above 0. Found {mu}.")
        if warmup < 1:
            raise ValueError(f"Parameter `warmup` should be at least one epoch. Found {warmup}.")
        self.mu = mu
        self.warmup = warmup
        zeros = torch.zeros(len(self.tasks))
        chosen = preference_of(self.tasks, preference, positive=True)
        self.register_buffer("preference", chosen.float())
        self.register_buffer("epoch", torch.zeros((), dtype=torch.int64))
        self.register_buffer("total", zeros.clone())
        self.register_buffer("count", torch.zeros(len(self.tasks), dtype=torch.int64))
        self.register_buffer("nadir", zeros + torch.nan)

    def scalar(self, losses: Tensor, tasks: Tensor, bound: Tensor, /) -> Tensor:
        """Return the smooth maximum, plus the log losses of the tasks without a nadir."""
        nadir = self.nadir[tasks]
        known = nadir.isfinite()
        value = losses[~known].log().sum()
        if not bool(known.any()):
            return value
        start = nadir[known].to(losses) - bound[known]
        progress = self.preference[tasks[known]].to(losses) * (losses[known] / start).log()
        return value + len(progress) * self.mu * (progress / self.mu).logsumexp(0)

    def update(self, losses: Tensor, tasks: Tensor, /) -> None:
        """Add to the epoch's means."""
        super().update(losses, tasks)
        self.total[tasks] += losses.to(self.total)
        self.count[tasks] += 1

    @torch.no_grad()
    def end_epoch(self) -> None:
        """Count the epoch; at the end of the warm-up, its mean losses become the nadir."""
        self.epoch += 1
        if self.epoch >= self.warmup:
            fresh = self.nadir.isnan() & (self.count > 0)
            self.nadir.copy_(torch.where(fresh, self.total / self.count, self.nadir))
        self.total.zero_()
        self.count.zero_()

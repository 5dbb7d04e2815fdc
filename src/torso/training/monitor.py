"""What a balancer saw of the tasks' gradients, for the log: Gram matrices, conflict, and what looking cost."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torso.balancing import Balancer
from torso.training.listeners import Look

__all__ = ["Looks"]


class Looks:
    """Asks a balancer after every step whether it has looked at the tasks' gradients.

    Args:
        balancer: any; one that never looks costs nothing here.
    """

    def __init__(self, balancer: Balancer) -> None:
        self.balancer = balancer
        self.count = balancer.looks
        self.extra = balancer.extra_seconds
        self.seen, self.in_conflict = 0, 0
        self.all_seen, self.all_conflicts, self.all_extra, self.all_seconds = 0, 0, 0.0, 0.0
        self.first: dict[str, float] = {}

    def newest(self, epoch: int, batch: int, losses: Tensor) -> Look | None:
        """Return what was seen in this step; None if the balancer did not look.

        Args:
            epoch: counts from 1.
            batch: counts from 1.
            losses: `[tasks]`, of this step.
        """
        if self.balancer.looks == self.count:
            return None
        self.count = self.balancer.looks
        gram = self.balancer.gram()
        if gram is None:
            return None
        self.seen += 1
        self.in_conflict += bool((gram.nan_to_num() < 0).any())
        tasks = self.balancer.tasks
        return Look(
            epoch=epoch,
            batch=batch,
            losses=dict(zip(tasks, losses.tolist(), strict=True)),
            weights=self.balancer.task_weights(),
            gram=torch.where(gram.isfinite(), gram, torch.nan).tolist(),
        )

    def epoch_over(self, seconds: float) -> tuple[float | None, float | None]:
        """Return what the looks of this epoch cost, and the share of them that saw a conflict.

        Both are None if there was none. The cost is in parts of the same epoch with plain steps; a pair of
        tasks conflicts where the inner product of their gradients is negative.

        Args:
            seconds: wall time of the epoch's steps.
        """
        extra, self.extra = self.balancer.extra_seconds - self.extra, self.balancer.extra_seconds
        seen, self.seen = self.seen, 0
        conflicts, self.in_conflict = self.in_conflict, 0
        self.first = self.first or self.balancer.task_weights()
        self.all_seen, self.all_conflicts = self.all_seen + seen, self.all_conflicts + conflicts
        self.all_extra, self.all_seconds = self.all_extra + extra, self.all_seconds + seconds
        if not seen and not extra:
            return None, None
        return extra / max(seconds - extra, 1e-9), conflicts / seen if seen else None

    def summary(self) -> dict[str, Any]:
        """Return the looks of the whole training: how many, their cost, conflict, weights at first and at last."""
        plain = max(self.all_seconds - self.all_extra, 1e-9)
        return {
            "looks": self.all_seen,
            "overhead": self.all_extra / plain if self.all_extra else None,
            "conflicts": self.all_conflicts / self.all_seen if self.all_seen else None,
            "weights_first_epoch": self.first,
            "weights_last_epoch": self.balancer.task_weights(),
        }

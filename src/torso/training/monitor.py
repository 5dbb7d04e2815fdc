"""Records a balancer's looks at the tasks' gradients: Gram matrices, conflicts, and the extra time."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from torso.balancing import Balancer
from torso.training.listeners import Look

__all__ = ["GradientMonitor"]


@dataclass
class _Tally:
    looks: int = 0
    conflicts: int = 0
    seconds: float = 0.0
    extra_seconds: float = 0.0

    def overhead(self) -> float | None:
        plain = max(self.seconds - self.extra_seconds, 1e-9)
        return self.extra_seconds / plain if self.looks or self.extra_seconds else None

    def share_in_conflict(self) -> float | None:
        return self.conflicts / self.looks if self.looks else None

    def add(self, other: _Tally) -> None:
        self.looks += other.looks
        self.conflicts += other.conflicts
        self.seconds += other.seconds
        self.extra_seconds += other.extra_seconds


class GradientMonitor:
    """Asks a balancer after every step if it has looked at the tasks' gradients.

    Args:
        balancer: any; one that never looks costs nothing here.
    """

    def __init__(self, balancer: Balancer) -> None:
        self.balancer = balancer
        self._looks_before = balancer.looks
        self._extra_before = balancer.extra_seconds
        self._epoch, self._total = _Tally(), _Tally()
        self._first_weights: dict[str, float] = {}

    def newest(self, epoch: int, batch: int, losses: Tensor) -> Look | None:
        """Return the balancer's look at this step; None if it did not look.

        Args:
            epoch: counts from 1.
            batch: counts from 1.
            losses: `[tasks]`, of this step.
        """
        if self.balancer.looks == self._looks_before:
            return None
        self._looks_before = self.balancer.looks
        gram = self.balancer.gram()
        if gram is None:
            return None
        self._epoch.looks += 1
        self._epoch.conflicts += bool((gram.nan_to_num() < 0).any())
        return Look(
            epoch=epoch,
            batch=batch,
            losses=dict(zip(self.balancer.tasks, losses.tolist(), strict=True)),
            weights=self.balancer.task_weights(),
            gram=torch.where(gram.isfinite(), gram, torch.nan).tolist(),
        )

    def end_epoch(self, seconds: float) -> tuple[float | None, float | None]:
        """Return the overhead of this epoch's looks, and the share of them that saw a conflict.

        Both are None without looks. The overhead is a share of the same epoch with plain steps. Two tasks
        conflict where the inner product of their gradients is negative.

        Args:
            seconds: wall time of the epoch's steps.
        """
        ended, self._epoch = self._epoch, _Tally()
        ended.seconds = seconds
        ended.extra_seconds = self.balancer.extra_seconds - self._extra_before
        self._extra_before = self.balancer.extra_seconds
        self._total.add(ended)
        self._first_weights = self._first_weights or self.balancer.task_weights()
        return ended.overhead(), ended.share_in_conflict()

    def summary(self) -> dict[str, object]:
        """Return the whole training's looks: count, overhead, conflicts, first and last weights."""
        return {
            "looks": self._total.looks,
            "overhead": self._total.overhead() if self._total.extra_seconds else None,
            "conflicts": self._total.share_in_conflict(),
            "weights_first_epoch": self._first_weights,
            "weights_last_epoch": self.balancer.task_weights(),
        }

"""The plain sum of the losses: the joint log-likelihood itself."""

from __future__ import annotations

from torch import Tensor

from torso.balancing.loss._loss_balancer import LossBalancer

__all__ = ["Equal"]


class Equal(LossBalancer, name="equal"):
    """Sum of the losses, every weight one: exactly maximum likelihood."""

    constant = True

    def forward(self, losses: Tensor, present: Tensor, /) -> Tensor:
        """Return the sum; an absent task's loss is zero already."""
        return (losses * present).sum()

    def task_weights(self) -> dict[str, float]:
        """Return one for every task."""
        return dict.fromkeys(self.tasks, 1.0)

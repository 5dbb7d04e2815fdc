"""Base of the loss balancers with weights that change from step to step."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from torso.balancing.loss._loss_balancer import LossBalancer

__all__ = ["AdaptiveBalancer"]


class AdaptiveBalancer(LossBalancer):
    """A loss balancer for the tasks with labels, which keeps its weights for the log.

    A method implements `combine`, which changes nothing, and `update` if it has a state.
    """

    used: Tensor

    def __init__(self, tasks: Sequence[str] | int) -> None:
        super().__init__(tasks)
        self.register_buffer("used", torch.ones(len(self.tasks)))

    @abstractmethod
    def combine(self, losses: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the scalar to minimise.

        Args:
            losses: `[k]` with a graph, k >= 1.
            tasks: int64 `[k]`, positions of these tasks among all.
        """

    def update(self, losses: Tensor, tasks: Tensor, /) -> None:
        """Change the state after a step; the losses `[k]` have no graph. Default: do nothing."""

    def forward(self, losses: Tensor, present: Tensor, /) -> Tensor:
        """Return the scalar of the tasks that have labels, and change nothing."""
        tasks = present.nonzero().flatten()
        return self.combine(losses[tasks], tasks) if len(tasks) else (losses * 0.0).sum()

    def balance(
        self,
        losses: Tensor,
        shared: Sequence[nn.Parameter],
        present: Tensor,
        *,
        own: Sequence[nn.Parameter] | None,
        representation: Sequence[Tensor],
    ) -> None:
        """Differentiate `forward`, keep the weights, and update the method's state."""
        del representation
        # First by the losses: this gives the weights, whatever the method's scalar is.
        leaves = losses.detach().requires_grad_()
        self(leaves, present).backward()
        assert leaves.grad is not None
        self.follow((losses * leaves.grad).sum(), shared, own)
        with torch.no_grad():
            if not bool(losses.isfinite().all()):  # a gradient scaler will skip this step
                return
            self.used.copy_(torch.where(present, leaves.grad.to(self.used), self.used))
            tasks = present.nonzero().flatten()
            self.update(leaves.detach()[tasks], tasks)

    def task_weights(self) -> dict[str, float]:
        """Return each loss's factor in the newest step with labels for its task."""
        return dict(zip(self.tasks, self.used.tolist(), strict=True))

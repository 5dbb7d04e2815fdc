"""Fixed weights, chosen by the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from torso.balancing._preference import per_task
from torso.balancing.loss._loss_balancer import LossBalancer

__all__ = ["Fixed"]


class Fixed(LossBalancer, name="fixed"):
    """Weighted sum of the losses.

    Args:
        weights: `{task: weight}`, not negative, 1 for a task that is not named; or one number per task.
    """

    constant = True
    values: Tensor

    def __init__(
        self, tasks: Sequence[str] | int, *, weights: Mapping[str, float] | Sequence[float]
    ) -> None:
        super().__init__(tasks)
        values = per_task(
            "weights",
            self.tasks,
            weights,
            1.0,
            rule="finite and not negative",
            good=lambda weight: weight.isfinite() & (weight >= 0),
        )
        self.register_buffer("values", values)

    def forward(self, losses: Tensor, present: Tensor, /) -> Tensor:
        """Return the weighted sum over the tasks that have labels."""
        return (losses * self.values.to(losses) * present).sum()

    def task_weights(self) -> dict[str, float]:
        """Return the chosen weights."""
        return dict(zip(self.tasks, self.values.tolist(), strict=True))

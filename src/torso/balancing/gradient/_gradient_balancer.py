"""Balancers that need the tasks' gradients themselves, number by number."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from time import perf_counter
from typing import ClassVar

import torch
from torch import Tensor, nn

from torso.balancing._balancer import Balancer
from torso.balancing.engine.task_gradients import PassOptions, TaskGradients
from torso.core.errors import Diverged

__all__ = ["GradientBalancer"]


class GradientBalancer(Balancer):
    """A balancer that turns the rows of a Jacobian into one direction.

    A method implements `combine`, which gets the rows of the tasks that have a gradient. Every step costs one
    backward pass per task, and memory for tasks x shared parameters. The direction goes to the shared
    parameters. Each task's own parameters get their plain gradient, that of `transform(losses)`.

    Attributes:
        averages_gradients: True if the direction follows a mean over steps instead of the newest gradients.
        draws_on_device: True if random numbers come from the device, so that each kind of device draws others.
    """

    needs = "gradients; a backward pass and a gradient in memory per task"
    averages_gradients: ClassVar[bool] = False
    draws_on_device: ClassVar[bool] = False
    newest: Tensor

    def __init__(self, tasks: Sequence[str] | int) -> None:
        super().__init__(tasks)
        count = len(self.tasks)
        self.register_buffer("newest", torch.full((count, count), torch.nan, dtype=torch.float64))

    @classmethod
    def settings_at_scale(cls, scale: float) -> dict[str, float]:
        """Return settings that keep the direction for gradients `scale` times as large. Default: none needed."""
        del scale
        return {}

    @abstractmethod
    def combine(self, jacobian: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the direction `[numbers]`.

        Args:
            jacobian: `[k, numbers]`, no row zero.
            tasks: int64 `[k]` on the CPU, the positions of these tasks among all.
        """

    def transform(self, losses: Tensor, /) -> Tensor:
        """Return the functions `[tasks]` to differentiate; an absent task's loss is 0. Default: the losses."""
        return losses

    def update(self, jacobian: Tensor, tasks: Tensor, losses: Tensor, /) -> None:
        """Change the method's state after a step. Default: do nothing.

        Args:
            jacobian: `[k, numbers]`, as `combine` got it.
            tasks: int64 `[k]`, as `combine` got it.
            losses: `[k]`, the losses of these tasks.
        """

    def forward(self, jacobian: Tensor, /) -> Tensor:
        """Return the direction `[numbers]` from `jacobian` `[tasks, numbers]`, and change nothing.

        A zero row is a task without a gradient: the others are combined without it.

        Raises:
            ValueError: not one row per task.
            Diverged: a row is NaN or infinite; names the task.
        """
        rows, tasks = self._rows(jacobian)
        return self.combine(rows, tasks) if len(tasks) else torch.zeros_like(jacobian[0])

    def balance(
        self,
        losses: Tensor,
        shared: Sequence[nn.Parameter],
        present: Tensor,
        *,
        own: Sequence[nn.Parameter] | None,
        representation: Sequence[Tensor],
    ) -> None:
        """Add the direction to the shared parameters' `.grad`, and its own gradient to every other."""
        del representation
        if not bool(present.any()):
            return
        own_parameters = self.find_own(losses, shared, own)
        began = perf_counter()
        self.looks += 1
        gradients = TaskGradients(
            self.transform(losses),
            shared,
            present,
            own_parameters,
            passes=PassOptions(group=self.group),
        )
        if gradients.overflow(self.tasks, allowed=self.allow_overflow):
            return
        both = (present[:, None] & present[None, :]).to(self.newest.device)
        self.newest.copy_(torch.where(both, gradients.gram.to(self.newest), torch.nan))
        rows, tasks = self._rows(gradients.matrix)
        if len(tasks):
            gradients.add(self.combine(rows, tasks))
            self.update(rows, tasks, losses.detach()[tasks])
        # One of the passes is the plain step's.
        self.extra_seconds += (perf_counter() - began) * (1 - 1 / int(present.sum()))

    def _rows(self, jacobian: Tensor) -> tuple[Tensor, Tensor]:
        """Return the rows that are not zero, and their positions."""
        if jacobian.ndim != 2 or len(jacobian) != len(self.tasks):
            raise ValueError(
                f"Parameter `jacobian` should be [tasks, numbers] with {len(self.tasks)} rows. "
                f"Found jacobian.shape = {tuple(jacobian.shape)}."
            )
        largest = jacobian.abs().amax(dim=1)
        finite = largest.isfinite()
        if not bool(finite.all()):
            names = [
                task for task, good in zip(self.tasks, finite.tolist(), strict=True) if not good
            ]
            raise Diverged(
                f"The gradient of {names} is NaN or infinite.",
                "Lower the learning rate.",
                "Lower `training.lr`.",
            )
        tasks = (largest > 0).nonzero().flatten().cpu()
        return (jacobian if len(tasks) == len(jacobian) else jacobian[tasks]), tasks

    def gram(self) -> Tensor | None:
        """Return the newest Gram matrix, NaN where a task was absent."""
        return None if bool(self.newest.isnan().all()) else self.newest.clone()

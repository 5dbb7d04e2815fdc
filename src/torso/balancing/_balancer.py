"""The room's contract: many losses in, gradients in the parameters' `.grad` out.

The trainer calls `backward`, `after_step` and `end_epoch` and never asks a balancer for its name. State is
declared as buffers or parameters, so that it is saved, moved and resumed with the run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from torso.errors import ConfigError
from torso.registry import Registry

__all__ = ["Balancer", "LossBalancer"]


class Balancer(nn.Module, ABC):
    """Base of all balancers.

    Args:
        tasks: names of the tasks, in the order of the losses.
    """

    registry: ClassVar[Registry[Balancer]] = Registry("balancing")

    def __init_subclass__(cls, *, name: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if name:
            cls.registry.add(name, cls)

    def __init__(self, tasks: Sequence[str]) -> None:
        super().__init__()
        if not tasks:
            raise ValueError("Parameter `tasks` should name at least one task. Found none.")
        self.tasks = tuple(tasks)

    @abstractmethod
    def backward(
        self, losses: Tensor, shared: Sequence[nn.Parameter], present: Tensor | None = None
    ) -> None:
        """Add the balanced gradient to the parameters' `.grad`.

        Args:
            losses: `[tasks]`, each with its graph.
            shared: the parameters that more than one task uses.
            present: bool `[tasks]`, False for a task without labels in this batch; default: all present.
        """

    def after_step(self, recompute: Callable[[], Tensor]) -> None:
        """Look at the step just taken; `recompute()` gives the same batch's losses anew. Default: nothing."""

    def end_epoch(self) -> None:
        """Note that an epoch has ended. Default: nothing."""

    def weights(self) -> dict[str, float]:
        """Return task -> its current loss weight, for the log; empty if there is no such thing."""
        return {}


class LossBalancer(Balancer):
    """A balancer that is a scalar function of the losses."""

    def backward(
        self, losses: Tensor, shared: Sequence[nn.Parameter], present: Tensor | None = None
    ) -> None:
        """Differentiate `forward(losses, present)`; an absent task's loss is not even looked at."""
        del shared
        if losses.shape != (len(self.tasks),):
            raise ValueError(
                f"Parameter `losses` should be [tasks] = [{len(self.tasks)}]. "
                f"Found losses.shape = {tuple(losses.shape)}."
            )
        if present is None:
            present = torch.ones_like(losses, dtype=torch.bool)
        losses = losses.where(present, 0.0)
        finite = losses.detach().isfinite()
        if not bool(finite.all()):
            bad = [task for task, good in zip(self.tasks, finite.tolist(), strict=True) if not good]
            raise ConfigError(
                f"The loss of {bad} is {losses.detach()[~finite].tolist()}. Lower `training.lr`, or look at "
                "these targets' values with `torso inspect`."
            )
        self(losses, present).backward()

    @abstractmethod
    def forward(self, losses: Tensor, present: Tensor, /) -> Tensor:
        """Return the scalar to minimise, from `losses` `[tasks]` and bool `present` `[tasks]`."""

"""Base of the loss balancers that need losses above zero.

A cross-entropy is positive. The negative log-density of a number has no bound: it falls below zero as soon as
the prediction is good. Logarithms and ratios of such losses mean nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from torso.balancing.loss._adaptive import AdaptiveBalancer
from torso.core.errors import StepError

__all__ = ["PositiveBalancer"]


class PositiveBalancer(AdaptiveBalancer):
    """A loss balancer that takes logarithms or ratios of losses.

    A loss below its lower bound, zero, is an error that names the task. With `shift` the bound moves:
    `min(0, least loss seen - 1)`. The method then gets the loss minus the bound, which is never below 1. All
    tasks are shifted, also those with positive losses, so that no weight jumps when a loss passes zero.

    A task with a loss exactly at its bound has nothing to learn in that batch and is left out of it.

    Args:
        shift: accept losses below zero.
    """

    lowest: Tensor
    minimum: Tensor

    def __init__(self, tasks: Sequence[str] | int, *, shift: bool = False) -> None:
        super().__init__(tasks)
        self.shift = shift
        self.register_buffer("minimum", torch.zeros(len(self.tasks)))
        self.register_buffer("lowest", torch.full((len(self.tasks),), torch.inf))

    @abstractmethod
    def scalar(self, losses: Tensor, tasks: Tensor, bound: Tensor, /) -> Tensor:
        """Return the scalar to minimise.

        Args:
            losses: `[k]` with a graph, minus their bounds, all above zero, k >= 1.
            tasks: int64 `[k]`, positions of these tasks among all.
            bound: `[k]`, the lower bounds; zero without `shift`.
        """

    def bound(self, losses: Tensor, tasks: Tensor) -> Tensor:
        """Return the lower bounds `[k]` of these tasks, with the new `losses` `[k]` taken into account."""
        bound = self.minimum[tasks].to(losses)
        if not self.shift:
            return bound
        least = torch.minimum(self.lowest[tasks].to(losses), losses.detach())
        return torch.minimum(bound, least - 1.0)

    def combine(self, losses: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the scalar of the tasks with losses above their bounds.

        Raises:
            StepError: a loss is below its bound; names the task.
        """
        bound = self.bound(losses, tasks)
        shifted = losses - bound
        self._check_bound(losses.detach(), tasks, shifted.detach() < 0)
        live = shifted.detach() > torch.finfo(shifted.dtype).tiny
        if not bool(live.any()):
            return (losses * 0.0).sum()
        return self.scalar(shifted[live], tasks[live], bound[live])

    def _check_bound(self, losses: Tensor, tasks: Tensor, below: Tensor) -> None:
        if not bool(below.any()):
            return
        names = [self.tasks[index] for index in tasks[below].tolist()]
        raise StepError(
            f"{type(self).__name__} needs losses of at least {self.minimum[tasks[below]].tolist()} for {names}. "
            f"Found {losses[below].tolist()}: the negative log-density of a number falls below zero once "
            "the prediction is good.",
            "Build the balancer with `shift=True`, or use `Equal`.",
            "Use --set balancing.shift=true, or --set balancing=equal.",
        )

    def update(self, losses: Tensor, tasks: Tensor, /) -> None:
        """Keep the least losses; a method that overrides this calls it too."""
        if self.shift:
            self.lowest[tasks] = torch.minimum(self.lowest[tasks], losses.to(self.lowest))

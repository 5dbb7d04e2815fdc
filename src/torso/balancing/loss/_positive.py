"""Loss balancers that need losses above zero, and what to do about the negative log-likelihoods that are not.

A cross-entropy is positive. The negative log-density of a number is not bounded: it falls below zero as soon
as the prediction is good. There, logarithms and ratios of losses mean nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor

from torso.balancing.loss._adaptive import AdaptiveBalancer
from torso.core.errors import ConfigError

__all__ = ["PositiveBalancer"]


class PositiveBalancer(AdaptiveBalancer):
    """A loss balancer that takes logarithms or ratios of losses.

    A loss below its lower bound, which is zero, is an error that names the task. With `shift` the bound is
    the running one `min(0, least loss seen - 1)`, and the method sees the loss minus the bound, which is
    never below 1. It is the same for all tasks, also those that are positive by nature, so that
    no weight jumps when a loss passes zero.

    A task whose loss is exactly at its bound has nothing left to learn in that batch, and takes no part in it.

    Args:
        tasks: names of the tasks.
        shift: whether to accept losses below zero.
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
            losses: `[k]` with a graph, above their bounds already, all of them above zero, k >= 1.
            tasks: int64 `[k]`, the positions of these tasks among all.
            bound: `[k]`, the lower bounds, which are zero without `shift`.
        """

    def bound(self, losses: Tensor, tasks: Tensor) -> Tensor:
        """Return the lower bounds `[k]` of these tasks, given that these `losses` `[k]` were seen too."""
        bound = self.minimum[tasks].to(losses)
        if not self.shift:
            return bound
        least = torch.minimum(self.lowest[tasks].to(losses), losses.detach())
        return torch.minimum(bound, least - 1.0)

    def combine(self, losses: Tensor, tasks: Tensor, /) -> Tensor:
        """Return the scalar of the tasks that have something left to learn.

        Raises:
            ConfigError: a loss is below its bound; names the task.
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
        names = [self.tasks[place] for place in tasks[below].tolist()]
        raise ConfigError(
            f"{type(self).__name__} needs losses of at least {self.minimum[tasks[below]].tolist()} for {names}. "
            f"Found {losses[below].tolist()}: the negative log-density of a number falls below zero once "
            "the prediction is good. Set `shift: true`, or use `balancing: equal`."
        )

    def update(self, losses: Tensor, tasks: Tensor, /) -> None:
        """Remember the least losses; a method that overrides this calls it too."""
        if self.shift:
            self.lowest[tasks] = torch.minimum(self.lowest[tasks], losses.to(self.lowest))

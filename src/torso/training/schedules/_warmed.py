"""Schedules that are a factor of the rate at every step: a linear rise, then a fall over the rest of the training."""

from __future__ import annotations

import math
from abc import abstractmethod

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from torso.training.schedules._schedule import Schedule

__all__ = ["Constant", "Cosine", "Linear"]


class _Warmed(Schedule, LambdaLR):
    """A rate that rises in the first share `warmup` of all steps.

    Args:
        optimizer: of the rates.
        steps: of the whole training.
        warmup: share of them.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        steps: int,
        warmup: float,
    ) -> None:
        rising = max(1, round(warmup * steps))
        falling = max(1, steps - rising)

        def factor(step: int) -> float:
            if step < rising:
                return (step + 1) / rising
            return self.after(min(1.0, (step - rising) / falling))

        super().__init__(optimizer, factor)

    @staticmethod
    @abstractmethod
    def after(done: float, /) -> float:
        """Return the factor at the share `done` of the steps after the rise."""


class Cosine(_Warmed, name="cosine"):
    """A rise, then half a cosine down to zero.

    From Loshchilov & Hutter, ICLR 2017, "SGDR" (https://arxiv.org/abs/1608.03983), equation 5. Differs: no restarts.
    """

    @staticmethod
    def after(done: float, /) -> float:
        """Return the cosine."""
        return 0.5 * (1 + math.cos(math.pi * done))


class Linear(_Warmed, name="linear"):
    """A rise, then a straight line down to zero."""

    @staticmethod
    def after(done: float, /) -> float:
        """Return the share of the steps that is left."""
        return 1.0 - done


class Constant(_Warmed, name="constant"):
    """A rise, then one rate to the end: for optimizers that average their own steps."""

    @staticmethod
    def after(done: float, /) -> float:  # noqa: ARG004
        """Return 1."""
        return 1.0

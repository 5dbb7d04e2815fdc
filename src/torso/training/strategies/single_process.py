"""One process: its rows are all rows, so there is nothing to exchange."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from torch import Tensor

from torso.balancing import Balancer
from torso.model.model import Model
from torso.training.answers import Answers
from torso.training.strategies._strategy import Strategy

__all__ = ["SingleProcess"]

Value = TypeVar("Value")


class SingleProcess(Strategy):
    """The strategy of a training in one process, on one device."""

    rank = 0
    world = 1

    def prepare(self, model: Model, balancer: Balancer) -> None:
        """Leave both as they are."""

    def reduce(self, losses: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Return the losses, and where there are labels."""
        return losses, counts > 0

    def total(self, values: Tensor) -> Tensor:
        """Return the values."""
        return values

    def gather(self, answers: Answers, positions: np.ndarray) -> Answers:  # noqa: ARG002
        """Return the answers."""
        return answers

    def each(self, value: Value) -> list[Value]:
        """Return the value alone."""
        return [value]

    def agreed(self, value: Value) -> Value:
        """Return the value."""
        return value

    def any(self, flag: bool) -> bool:
        """Return the flag."""
        return flag

    def barrier(self) -> None:
        """Return at once."""

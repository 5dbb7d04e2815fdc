"""The room's contract: which process this is, and the few moments at which processes have to agree."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import numpy as np
from torch import Tensor

from torso.balancing import Balancer
from torso.model.model import Model
from torso.training.answers import Answers

__all__ = ["Strategy"]

Value = TypeVar("Value")


class Strategy(ABC):
    """Communication between the processes of one training; all call each method in the same order.

    The loaders give each process its rows of every batch (`Loader(process=(rank, world))`), and the trainer asks
    the strategy wherever a number has to be that of all rows. So each process takes the same step.

    A checkpoint holds whole tensors, so sharded weights would have to be gathered first.

    Attributes:
        rank: number of this process, from 0.
        world: number of processes.
    """

    rank: int
    world: int

    @property
    def is_main(self) -> bool:
        """True for the process that writes files and tells the listener."""
        return self.rank == 0

    @abstractmethod
    def prepare(self, model: Model, balancer: Balancer) -> None:
        """Give all processes the same weights before the first step, and the balancer its group.

        Dropout and mixup are drawn from torch's global generators, which should differ between processes from here on.
        """

    def release(self, model: Model) -> None:
        """Let a trained model work in this process alone. Default: it does so anyway."""

    @abstractmethod
    def reduce(self, losses: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Return the whole batch's losses `[losses]`, with their graph, and bool `[losses]`: has it a label.

        See `torso.balancing.losses_over_ranks`.

        Args:
            losses: `[losses]`, means over this process's labelled rows.
            counts: `[losses]`, its labelled rows.

        Raises:
            KeyboardInterrupt: in every process, if one of them was asked to stop (`stopping`).
        """

    @abstractmethod
    def total(self, values: Tensor) -> Tensor:
        """Return the sum of `values` over the processes."""

    @abstractmethod
    def gather(self, answers: Answers, positions: np.ndarray) -> Answers:
        """Return the answers of all processes in the order of rows.

        Args:
            answers: of this process.
            positions: of the rows of all processes, rank after rank (`Loader.positions`).
        """

    @abstractmethod
    def each(self, value: Value) -> list[Value]:
        """Return the value of every process, in the order of ranks."""

    @abstractmethod
    def agreed(self, value: Value) -> Value:
        """Return the main process's value, everywhere: a decision that all have to follow."""

    @abstractmethod
    def any(self, flag: bool) -> bool:
        """Return True if `flag` is True in any process."""

    @abstractmethod
    def barrier(self) -> None:
        """Wait for all processes."""

    def stopping(self) -> AbstractContextManager[None]:
        """Let a signal inside the block stop all processes at the same step. Default: it raises where it comes."""
        return nullcontext()

"""The room's contract: which process this is, and the few moments at which processes have to agree."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor

from torso.balancing import Balancer
from torso.model.model import Model
from torso.training.answers import Answers

__all__ = ["Strategy"]


class Strategy(ABC):
    """Communication between the processes of one training; all call each method in the same order.

    The loaders give each process its rows of every batch (`Loader(process=(rank, world))`), and the trainer asks
    the strategy wherever a number has to be that of all rows. So each process takes the same step.

    Two limits of a checkpoint with several processes: it holds the random state of the main process alone, so a
    resumed training draws other dropout than one that never stopped; and it holds whole tensors, so sharded weights
    would have to be gathered first.

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

    @abstractmethod
    def reduce(self, losses: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Return the whole batch's losses `[losses]`, with their graph, and bool `[losses]`: has it a label.

        See `torso.balancing.losses_over_ranks`.

        Args:
            losses: `[losses]`, means over this process's labelled rows.
            counts: `[losses]`, its labelled rows.
        """

    @abstractmethod
    def total(self, values: Tensor) -> Tensor:
        """Return the sum of `values` over the processes."""

    @abstractmethod
    def gather(self, answers: Answers) -> Answers:
        """Return the answers of all processes, their rows in the same order everywhere."""

    @abstractmethod
    def any(self, flag: bool) -> bool:
        """Return True if `flag` is True in any process."""

    @abstractmethod
    def barrier(self) -> None:
        """Wait for all processes."""

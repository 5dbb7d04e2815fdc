"""The clock of a run with a budget, and the listener that ends a training in time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from torso.training import Epoch, Listener, Stop
from torso.training.listeners import BUDGET_SPENT

__all__ = ["Deadline", "Timer"]


@dataclass(frozen=True)
class Timer:
    """Clock of a run.

    Attributes:
        end: time of `clock` at which the run should be over.
        reserved: seconds before that for all that follows the networks.
        clock: returns seconds.
    """

    end: float
    reserved: float = 0.0
    clock: Callable[[], float] = perf_counter

    @classmethod
    def started(cls, budget: float, began: float | None = None) -> Timer:
        """Return the clock of a budget in seconds that began at a time; a tenth is kept for the verdict."""
        return cls((perf_counter() if began is None else began) + budget, 0.1 * budget)

    @property
    def left(self) -> float:
        """Seconds left for networks."""
        return self.end - self.reserved - self.clock()

    def deadline(self) -> Deadline:
        """Return a listener that ends a training when no time is left."""
        return Deadline(self.end - self.reserved, self.clock)


class Deadline(Listener):
    """Ends a training before the epoch that would end too late; the first epoch always ends.

    Args:
        until: time of `clock`.
        clock: returns seconds.
    """

    def __init__(self, until: float, clock: Callable[[], float]) -> None:
        self.until, self.clock = until, clock
        self._began = clock()

    def started(self, epochs: int, batches: int) -> None:
        """Note the time."""
        del epochs, batches
        self._began = self.clock()

    def epoch_done(self, epoch: Epoch) -> Stop | None:
        """Stop where another epoch, as long as this one, would end after the deadline."""
        del epoch
        now = self.clock()
        took, self._began = now - self._began, now
        return Stop(BUDGET_SPENT) if now + took > self.until else None

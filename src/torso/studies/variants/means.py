"""Folder, processes and time for the trainings of a study."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torso.core.errors import ConfigError
from torso.runs.settings.durations import seconds_of_budget

__all__ = ["Means"]


@dataclass(frozen=True)
class Means:
    """Folder, processes and time for many trainings.

    >>> Means(budget="10m").seconds
    600.0

    Attributes:
        folder: keeps their runs, so that a study which was interrupted goes on; None keeps none.
        workers: trainings at once; None: one for each core, or one where they run on an accelerator.
        budget: time for all, `"30m"` or seconds: a training that does not end in time is left out; None: any.
    """

    folder: str | Path | None = None
    workers: int | None = None
    budget: str | float | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise ConfigError(
                f"`workers` should be 1 or more. Found {self.workers}. Default: one for each core."
            )
        seconds_of_budget(self.budget)

    @property
    def seconds(self) -> float | None:
        """The budget in seconds; None for any."""
        return seconds_of_budget(self.budget)

"""Sequences of vectors as inputs, standardised number by number, with times or without."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from torso.columns import cells
from torso.columns.inputs._input import Offers
from torso.columns.inputs._wide import Wide
from torso.columns.inputs.lists import lists_of_numbers
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.columns.sources import RaggedSource
from torso.core.errors import ConfigError
from torso.core.ranges import Range
from torso.tables.table import Column

__all__ = ["SequenceInput"]

_LONGEST = 1e6  # times of a typical row


class SequenceInput(Wide, name="sequence", form="sequence", encoder="transformer", rank=21):
    """A list of vectors: features over time.

    Args:
        length: steps of a row that are read, the earliest ones; the rest is cut.
        time: `none`, or `first` if the first number of each step is its time, in any unit. Steps are then sorted
            by it, and it becomes the time since the row's first step, in units of a typical row's whole time.
        gaps: how an unknown number within a step is written: as its `mean`, or with a `flag` besides. Then each
            number (but the time) has another one at the end of the step: 1 where it is known, 0 where not.
    """

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise lists of lists of numbers."""
        guess = lists_of_numbers(profile)
        return guess if guess is not None and guess.kind == cls.name else None

    def __init__(
        self,
        length: Annotated[int, Range(32, 1024, log=True)] = 256,
        time: Literal["none", "first"] = "none",
        gaps: Literal["mean", "flag"] = "mean",
    ) -> None:
        super().__init__()
        if time not in ("none", "first"):
            raise ConfigError(f"`time` of a sequence should be none or first. Found {time!r}.")
        if gaps not in ("mean", "flag"):
            raise ConfigError(f"`gaps` of a sequence should be mean or flag. Found {gaps!r}.")
        self.length = length
        self.timed = time == "first"
        self.flagged = gaps == "flag"

    def fit(self, column: Column) -> None:
        """Learn mean and spread of each number over all steps, and how long a row lasts."""
        rows = self._rows(column, Reading())
        known = [steps for steps in rows if steps is not None]
        lengths = [0 if steps is None else len(steps) for steps in rows]
        self.learn_numbers(
            np.concatenate(known) if known else np.zeros((0, 1)),
            column,
            np.repeat(np.arange(len(rows)), lengths),
        )
        if self.timed:
            durations = [float(steps[-1, 0]) for steps in known if steps[-1, 0] > 0]
            self.mean[0], self.std[0] = 0.0, float(np.median(durations)) if durations else 1.0

    def source(self, column: Column, reading: Reading) -> RaggedSource:
        """Return float32 `[rows, steps, width]` in batches."""
        rows = self._rows(column, reading, len(self.mean))
        known = [self._features(steps) for steps in rows if steps is not None]
        flat = np.concatenate([np.zeros((0, self._width), np.float32), *known])
        return RaggedSource(flat, np.array([0 if steps is None else len(steps) for steps in rows]))

    def offsets(self, column: Column) -> list[np.ndarray | None]:
        """Return each step's position in its cell; with times, steps are read in the order of time."""
        offsets: list[np.ndarray | None] = []
        most = None if self.timed else self.length
        for steps in cells.sequences(column, most=most, width=len(self.mean)):
            if steps is None:
                offsets.append(None)
                continue
            order = _order_in_time(steps) if self.timed else np.arange(len(steps))
            offsets.append(order[: self.length, None] + np.arange(2))
        return offsets

    def offered(self) -> Offers:
        """Offer the width, and whether the first number of a step is its time."""
        return {"width": self._width, "timed": self.timed}

    @property
    def _width(self) -> int:
        flags = len(self.mean) - int(self.timed) if self.flagged else 0
        return len(self.mean) + flags

    def _rows(
        self, column: Column, reading: Reading, width: int | None = None
    ) -> list[np.ndarray | None]:
        """Return per row float64 `[steps, width]`; with times, in their order and counted from 0."""
        if not self.timed:
            return cells.sequences(column, reading, most=self.length, width=width)
        rows = cells.sequences(column, reading, width=width)
        untimed = [
            row for row, steps in enumerate(rows) if steps is not None and not _has_times(steps)
        ]
        reading.unreadable(column, untimed, "steps that begin with a time")
        return [
            steps if steps is None or row in untimed else _from_zero(steps)[: self.length]
            for row, steps in enumerate(rows)
        ]

    def _features(self, steps: np.ndarray) -> np.ndarray:
        features = self.scaled(steps)
        first = int(self.timed)
        if self.timed:  # a long row is long, as far as float32 goes
            features[:, 0] = (steps[:, 0] / self.std[0]).clip(max=_LONGEST)
        known = np.isfinite(steps[:, first:]).astype(np.float32)
        return np.concatenate([features, known], axis=1) if self.flagged else features


def _has_times(steps: np.ndarray) -> bool:
    return bool(np.isfinite(steps[:, 0]).all())


def _from_zero(steps: np.ndarray) -> np.ndarray:
    """Return steps in the order of their first number, which begins at 0."""
    steps = steps[_order_in_time(steps)]
    steps[:, 0] -= steps[0, 0]
    return steps


def _order_in_time(steps: np.ndarray) -> np.ndarray:
    """Return the positions of the steps, sorted by their first number."""
    return np.argsort(steps[:, 0], kind="stable")

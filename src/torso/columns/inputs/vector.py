"""Vectors and sequences of vectors as inputs, standardised number by number."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from torso.columns import cells
from torso.columns.inputs._input import Input, Offers, State
from torso.columns.profile import MOSTLY, Guess, Profile
from torso.columns.reading import Reading
from torso.columns.sources import ArraySource, RaggedSource
from torso.core.errors import ConfigError
from torso.core.ranges import Range
from torso.tables.table import Column

__all__ = ["SequenceInput", "VectorInput", "lists_of_numbers"]


_CLIP = 10.0  # standard deviations


class _Wide(Input):
    """Base of vectors and sequences: a mean and a spread per number."""

    plain: ClassVar[bool] = False
    quickly_learnt: ClassVar[bool] = True

    def __init__(self) -> None:
        self.mean: list[float] = []
        self.std: list[float] = []

    def learn(self, values: np.ndarray) -> None:
        """Learn from `[any, width]`, NaN where missing."""
        finite = np.where(np.isfinite(values), values, np.nan)
        counts = np.isfinite(finite).sum(axis=0)
        totals = np.nansum(finite, axis=0)
        mean = totals / np.maximum(counts, 1)
        std = np.sqrt(np.nansum((finite - mean) ** 2, axis=0) / np.maximum(counts, 1))
        self.mean = mean.tolist()
        self.std = np.where(std > 1e-12 * np.maximum(1.0, np.abs(mean)), std, 1.0).tolist()

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Return float32 with unknown numbers at their mean."""
        scaled = (values - np.array(self.mean)) / np.array(self.std)
        return np.where(np.isfinite(scaled), scaled.clip(-_CLIP, _CLIP), 0.0).astype(np.float32)

    def check(self, column: Column, row: int, width: int) -> None:
        """Refuse a width that training did not have."""
        if width != len(self.mean):
            raise column.error(
                row, f"expected {len(self.mean)} numbers as in training, found {width}"
            )

    def state(self) -> State:
        """Return mean and spread of each number."""
        return {"mean": self.mean, "std": self.std}

    def restore(self, state: State) -> None:
        """Take back the statistics."""
        self.mean, self.std = state["mean"], state["std"]

    def offered(self) -> Offers:
        """Offer the width."""
        return {"width": len(self.mean)}


class VectorInput(_Wide, name="vector", form="vector", encoder="mlp", rank=20):
    """A list of numbers of one length in every row."""

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise lists of numbers, nearly all of one length."""
        guess = lists_of_numbers(profile)
        return guess if guess is not None and guess.kind == cls.name else None

    def fit(self, column: Column) -> None:
        """Learn mean and spread of each number."""
        values, present = cells.vectors(column)
        self.learn(values[present])

    def source(self, column: Column, reading: Reading) -> ArraySource:
        """Return float32 `[rows, width]`."""
        del reading
        values, present = cells.vectors(column)
        if not present.any():  # no row says how wide a vector is
            values = np.zeros((len(values), len(self.mean)), np.float32)
        self.check(column, int(present.argmax()), values.shape[1])
        return ArraySource(self.scaled(values), present)


class SequenceInput(_Wide, name="sequence", form="sequence", encoder="transformer", rank=21):
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
        """Recognise lists of lists of numbers; refuse lists that are neither this nor a vector."""
        return lists_of_numbers(profile)

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
        known = [steps for steps in self._rows(column) if steps is not None]
        self.learn(np.concatenate(known) if known else np.zeros((0, 1)))
        if self.timed:
            durations = [float(steps[-1, 0]) for steps in known if steps[-1, 0] > 0]
            self.mean[0], self.std[0] = 0.0, float(np.median(durations)) if durations else 1.0

    def source(self, column: Column, reading: Reading) -> RaggedSource:
        """Return float32 `[rows, steps, width]` in batches."""
        del reading
        rows = self._rows(column)
        for row, steps in enumerate(rows):
            if steps is not None:
                self.check(column, row, steps.shape[1])
        known = [self._features(steps) for steps in rows if steps is not None]
        flat = np.concatenate([np.zeros((0, self._width), np.float32), *known])
        return RaggedSource(flat, np.array([0 if steps is None else len(steps) for steps in rows]))

    def offsets(self, column: Column) -> list[np.ndarray | None]:
        """Return each step's position in its cell; with times, steps are read in the order of time."""
        offsets: list[np.ndarray | None] = []
        for steps in cells.sequences(column, None if self.timed else self.length):
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

    def _rows(self, column: Column) -> list[np.ndarray | None]:
        """Return per row float64 `[steps, width]`; with times, in their order and counted from 0."""
        if not self.timed:
            return cells.sequences(column, self.length)
        return [
            steps if steps is None else _from_zero(column, row, steps)[: self.length]
            for row, steps in enumerate(cells.sequences(column))
        ]

    def _features(self, steps: np.ndarray) -> np.ndarray:
        features = self.scaled(steps)
        first = int(self.timed)
        if self.timed:  # not clipped: a long row is long
            features[:, 0] = steps[:, 0] / self.std[0]
        known = np.isfinite(steps[:, first:]).astype(np.float32)
        return np.concatenate([features, known], axis=1) if self.flagged else features


def _from_zero(column: Column, row: int, steps: np.ndarray) -> np.ndarray:
    """Return steps in the order of their first number, which begins at 0."""
    times = steps[:, 0]
    if not np.isfinite(times).all():
        step = int(np.flatnonzero(~np.isfinite(times))[0])
        raise column.error(
            row,
            f"expected a time as the first number of step {step + 1}, found {times[step]}. Give it one, take the step "
            f"out, or say that there are no times with --set inputs.{column.name}.time=none",
        )
    steps = steps[_order_in_time(steps)]
    steps[:, 0] -= steps[0, 0]
    return steps


def _order_in_time(steps: np.ndarray) -> np.ndarray:
    """Return the positions of the steps, sorted by their first number."""
    return np.argsort(steps[:, 0], kind="stable")


def lists_of_numbers(profile: Profile) -> Guess | None:
    """Return vector or sequence; without a kind, why the lists are neither; None if the cells are no lists."""
    lists = profile.lists
    if lists is None:
        return None
    written = "JSON lists" if profile.is_text else "lists"
    filled = [cell for cell in lists if cell]
    if not filled:
        return Guess("", "only empty lists", use=False)
    if all(_is_numbers(cell) for cell in filled):
        return _vector(filled, written)
    steps = [step for cell in filled for step in cell if step is not None]
    if steps and all(isinstance(step, list) and _is_numbers(step) for step in steps):
        widths = Counter(map(len, steps))
        if len(widths) == 1:
            why = f"{written} of steps of {next(iter(widths))} numbers"
            return Guess(SequenceInput.name, why)
        return Guess("", f"{written} of steps of {len(widths)} different widths", use=False)
    return Guess("", f"{written} of something other than numbers", use=False)


def _vector(lists: list[list[Any]], written: str) -> Guess:
    lengths = Counter(map(len, lists))
    length, count = lengths.most_common(1)[0]
    if count < MOSTLY * len(lists):
        return Guess(
            "",
            f"{written} of numbers of {len(lengths)} different lengths: "
            "for a sequence, make each step a list of its own ([[1], [2]])",
            use=False,
        )
    odd = len(lists) - count
    warnings = (f"{odd} of {len(lists)} lists are not of length {length}.",) if odd else ()
    return Guess(VectorInput.name, f"{written} of {length} numbers", warnings)


def _is_numbers(cell: list[Any]) -> bool:
    return all(isinstance(item, int | float) or item is None for item in cell)

"""Several numbers at once as targets, in the user's unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from torso.columns import cells
from torso.columns.inputs.lists import lists_of_numbers
from torso.columns.inputs.vector import VectorInput
from torso.columns.moments import all_equal, moments
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.tables.table import Column
from torso.tasks._base.numbers import (
    check_size,
    constant,
    known_near,
    named,
    origin_of,
    without_far,
)
from torso.tasks._base.target import Facts, Target

__all__ = ["VectorTarget"]


class VectorTarget(Target, name="vector", head="gaussian", rank=20):
    """Several numbers at once: a list of one length. A single missing number leaves the others in use.

    A number that is infinite, or far from all others in its place, counts as missing and is reported.
    """

    learned = ("mean", "std", "origin", "reach")
    estimator = "regressor"

    @classmethod
    def recognise(cls, cells: Profile) -> Guess | None:
        """Recognise lists of numbers of one length; refuse all other lists."""
        guess = lists_of_numbers(cells)
        if guess is None or guess.kind == VectorInput.name:
            return guess and replace(guess, kind=cls.kind)
        return Guess("", "a sequence cannot be predicted" if guess.kind else guess.why)

    def __init__(self) -> None:
        self.mean: list[float] = []
        self.std: list[float] = []
        self.origin: list[float] = []
        self.reach: list[list[float] | None] = []

    def fit(self, column: Column) -> None:
        """Learn mean and spread of each number."""
        values = cells.vectors(column)[0]
        values[~np.isfinite(values)] = np.nan
        counts = (~np.isnan(values)).sum(axis=0)
        if not len(counts) or counts.min(initial=1) == 0:
            raise constant(column, np.zeros(0))
        self.reach = []
        for numbers in values.T:  # a view
            known, ends = known_near(numbers)
            numbers[~np.isin(numbers, known)] = np.nan
            self.reach.append(ends)
        mean, std = moments(values)
        equal = all_equal(values, std)
        if equal.all():
            raise constant(column, values[0])
        check_size(column, mean, std)
        std = np.where(equal, 1.0, std)
        self.mean, self.std = mean.tolist(), std.tolist()
        self.origin = origin_of(mean, std).tolist()

    def restore(self, state: Facts) -> None:
        """Take back the facts; those of early runs lack the last ones."""
        width = len(state["mean"])
        super().restore({"origin": [0.0] * width, "reach": [None] * width, **state})

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return float32 `[rows, numbers]` from the origin, NaN where missing."""
        values, _ = cells.vectors(column, reading, len(self.mean))
        for row in np.flatnonzero(np.isinf(values).any(axis=1)):
            reading.skip(column, int(row), "inf", "not a finite number")
        known = np.where(np.isfinite(values), values, np.nan)
        known = self._near(known, column, reading)
        return np.asarray(known - np.array(self.origin), dtype=np.float32)

    def _near(self, values: np.ndarray, column: Column, reading: Reading) -> np.ndarray:
        places = zip(values.T, self.reach, strict=True)
        return np.stack(
            [without_far(numbers, ends, column, reading) for numbers, ends in places], axis=1
        )

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row and number."""
        return np.full((rows, len(self.mean)), np.nan, dtype=np.float32)

    def offered(self) -> Facts:
        """Offer mean (from the origin) and spread of each number."""
        mean = np.array(self.mean) - np.array(self.origin)
        return {"mean": mean.tolist(), "std": self.std}

    @property
    def names(self) -> list[str]:
        """The positions."""
        return [str(place) for place in range(len(self.mean))]

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task` and its details, each a list."""
        return named(task, {"": prediction, **details}, np.array(self.origin))

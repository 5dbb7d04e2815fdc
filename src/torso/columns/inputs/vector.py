"""Vectors as inputs, standardised number by number."""

from __future__ import annotations

import numpy as np

from torso.columns import cells
from torso.columns.inputs._wide import Wide
from torso.columns.inputs.lists import lists_of_numbers
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.columns.sources import ArraySource
from torso.tables.table import Column

__all__ = ["VectorInput"]


class VectorInput(Wide, name="vector", form="vector", encoder="mlp", rank=20):
    """A list of numbers of one length in every row."""

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise lists of numbers, nearly all of one length."""
        guess = lists_of_numbers(profile)
        return guess if guess is not None and guess.kind == cls.name else None

    def fit(self, column: Column) -> None:
        """Learn mean and spread of each number."""
        values, present = cells.vectors(column)
        self.learn_numbers(values[present], column, np.flatnonzero(present))

    def source(self, column: Column, reading: Reading) -> ArraySource:
        """Return float32 `[rows, width]`."""
        values, present = cells.vectors(column, reading, len(self.mean))
        return ArraySource(self.scaled(values), present)

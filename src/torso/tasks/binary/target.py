"""One of two classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import pyarrow as pa

from torso.columns.category_keys import key_of
from torso.columns.inputs import BinaryInput
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.core.cures import setting
from torso.core.errors import DataError, unknown
from torso.tables.table import Column
from torso.tasks._base.decider import Decider
from torso.tasks._base.target import Facts
from torso.tasks.binary.deciding import BinaryDecider
from torso.tasks.category.target import CategoryTarget

__all__ = ["BinaryTarget"]


class BinaryTarget(CategoryTarget, name="binary", head="logistic", rank=30):
    """One of two classes, of which one is positive: F1, average precision and the raw probability speak of it.

    Args:
        positive: the positive class; by default the second in order (1, true, yes, "b" after "a").
        decide_by: metric for which the threshold of the positive class is chosen on held-out rows; by default it is 0.5.
        threshold: of the positive class, set by hand: it is answered from this probability on.
    """

    def __init__(
        self,
        positive: str | bool | float | None = None,
        *,
        decide_by: Literal["accuracy", "balanced_accuracy", "f1", "macro_f1"] | None = None,
        threshold: Mapping[str, float] | float | None = None,
    ) -> None:
        super().__init__()
        Decider.check(decide_by, threshold)
        self.positive = positive
        self.decide_by = decide_by
        self.threshold = threshold

    @classmethod
    def recognise(cls, cells: Profile) -> Guess | None:
        """Recognise true and false, or any two values."""
        guess = BinaryInput.recognise(cells)
        return guess and replace(guess, kind=cls.kind)

    def fit(self, column: Column) -> None:
        """Learn the two classes; the second is positive."""
        super().fit(column)
        self._check_two(column)
        if self.positive is not None:
            self._put_last(column)

    def go_on(self, state: Facts, column: Column, reading: Reading) -> None:
        """Take the two classes of an earlier run; refuse a third."""
        super().go_on(state, column, reading)
        self._check_two(column)

    def _check_two(self, column: Column) -> None:
        if len(self.classes) > 2:
            raise DataError(
                f"{column.table}, column {column.name!r}: a binary target should have two values. Found "
                f"{len(self.classes)}: {self.classes[:5]}. Use {setting(f'targets.{column.name}.kind', 'category')}."
            )

    def _put_last(self, column: Column) -> None:
        """Make the class that the user calls positive the second one."""
        keys = [key_of(name, numeric=self.numeric) for name in self.classes]
        wanted = key_of(self.positive, numeric=self.numeric)
        if wanted not in keys:
            raise DataError(
                f"{column.table}, column {column.name!r}: `positive` should be one of the two values. "
                f"{unknown('value', self.positive, self.classes)}"
            )
        if wanted == keys[0]:
            self.classes.reverse()
            self._count(column)

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return 0 or 1, float32 `[rows]`, NaN where missing."""
        ids = super().encode(column, reading)
        return np.where((ids < 0) | (ids > 1), np.nan, ids).astype(np.float32)

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row."""
        return np.full(rows, np.nan, dtype=np.float32)

    def offered(self) -> Facts:
        """Offer the names and frequencies of the two classes."""
        return {"names": self.classes, "frequencies": self.frequencies}

    @property
    def decider(self) -> Decider | None:
        """Makes answers of probabilities by a threshold."""
        return BinaryDecider(self.classes)

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return the columns of a category with two classes."""
        return super().columns(task, np.stack([1 - prediction, prediction], axis=1), details)

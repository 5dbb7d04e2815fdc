"""Categories as inputs: one index per value seen in training, 0 for all others."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.category_keys import all_numbers, are_plain, keyed
from torso.columns.codes import codes, number_codes
from torso.columns.inputs._input import Input, Offers, State
from torso.columns.profile import Guess, Profile, quoted
from torso.columns.reading import Reading
from torso.columns.recurrence import Recurrence
from torso.columns.sources import ArraySource
from torso.core.cures import setting
from torso.core.ranges import Range
from torso.tables.table import Column

__all__ = ["BinaryInput", "CategoryInput", "codes"]

_FEW = ((2, 100), (8, 45), (float("inf"), 27))
"""Words of a value, and so many values are few: the longer they are, the more they say beside which it is."""

_NONE = pa.nulls(0, pa.large_string())


class CategoryInput(
    Input,
    name="category",
    form="categories",
    encoder="embedding",
    modality="categories",
    rank=60,
):
    """One of several values. A value that training rows do not hold has index 0, "unseen".

    Args:
        most: values kept, the most frequent first; rarer ones share the index for unseen values.
    """

    learned = ("values", "numeric")
    quickly_learnt: ClassVar[bool] = True

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise few values, however long they are, and codes that recur now and then."""
        if profile.is_number:
            why, name = number_codes(profile), profile.column.name
            told = (
                "Its whole numbers are taken for codes, that is names. If their size counts: "
                f"{setting(f'inputs.{name}.kind', 'number')}",
            )
            return Guess(cls.name, why, told) if why else None
        if not profile.is_text:
            return None
        seen = Recurrence.of(profile.counts)
        words = sum(len(text.split()) for text in profile.counts) / len(profile.counts)
        if seen.are_few(next(few for longest, few in _FEW if words <= longest)):
            return Guess(cls.name, f"{profile.distinct} values that recur")
        if codes(profile) and not seen.is_unique:
            return Guess(cls.name, f"{profile.distinct} codes that recur now and then")
        return None

    def __init__(self, most: Annotated[int, Range(50, 5000, log=True)] = 1000) -> None:
        self.most = most
        self.values: list[str] = []
        self._listed: tuple[list[str], pa.Array] = self.values, _NONE
        self.numeric = False

    def fit(self, column: Column) -> None:
        """Learn the values, by falling frequency."""
        self.numeric = all_numbers(column)
        keys = keyed(column, numeric=self.numeric)
        counts = pc.value_counts(pc.drop_null(keys)).to_pylist()
        ranked = sorted(counts, key=lambda count: (-count["counts"], count["values"]))
        self.values = [count["values"] for count in ranked[: self.most]]

    def restore(self, state: State) -> None:
        """Take back the values; early runs wrote numbers in one way, and lack the second fact."""
        super().restore({"numeric": are_plain(state["values"]), **state})

    def source(self, column: Column, reading: Reading) -> ArraySource:
        """Return int64 `[rows, 1]`."""
        keys = keyed(column, numeric=self.numeric, known=self.values)
        indices = pc.index_in(keys, value_set=self._value_set())
        # 0 is left for values that training rows do not hold.
        ids = pc.fill_null(indices, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
        present = keys.is_valid().to_numpy(zero_copy_only=False)
        reading.unseen(column, np.flatnonzero(present & (ids == 0)))
        return ArraySource(ids[:, None], present[:, None])

    def _value_set(self) -> pa.Array:
        """Return the values as Arrow has them; made once, as a single cell is read in less time."""
        if self._listed[0] is not self.values:
            self._listed = self.values, pa.array(self.values, pa.large_string())
        return self._listed[1]

    def offered(self) -> Offers:
        """Offer the number of indices, the one for unseen values included."""
        return {"cardinalities": [len(self.values) + 1]}


class BinaryInput(CategoryInput, name="binary", rank=40):
    """One of two values; read like any category."""

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise true and false, or any two values."""
        if pa.types.is_boolean(profile.type):
            return Guess(cls.name, "true or false")
        two = len(profile.counts) == 2 and profile.distinct - len(profile.signs) <= 2
        if two and len(profile.values) > 2 and not profile.is_large:
            return Guess(cls.name, f"two values: {quoted(sorted(profile.counts, key=str))}")
        return None

    def __init__(self) -> None:
        super().__init__(most=2)

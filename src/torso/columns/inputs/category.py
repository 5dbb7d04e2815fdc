"""Categories as inputs: one index per value seen in training, 0 for all others."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns import cells
from torso.columns.inputs._input import Input, Offers
from torso.columns.profile import Guess, Profile, quoted
from torso.columns.reading import Reading
from torso.columns.sources import ArraySource
from torso.core.ranges import Range
from torso.tables.table import Column

__all__ = ["BinaryInput", "CategoryInput", "codes"]

_REPEATED = 0.8  # share of the rows with a value that several rows have
_MANY = 20  # distinct values from which sentences are texts, not categories
_COMPOSED = re.compile(r"[0-9_]|[A-Za-z]-[A-Za-z]|@")


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

    learned = ("values",)
    quickly_learnt: ClassVar[bool] = True

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise texts that repeat and are no sentences, and codes that repeat now and then."""
        if not profile.is_text:
            return None
        several = 5 if len(profile.values) >= 100 else 2
        in_shared = sum(count for count in profile.counts.values() if count >= several)
        words = sum(len(text.split()) for text in profile.counts) / len(profile.counts)
        sentences = words > 4 and len(profile.counts) > _MANY
        if in_shared / len(profile.values) >= _REPEATED and not sentences:
            return Guess(cls.name, f"{profile.distinct} values that repeat")
        if codes(profile) and len(profile.counts) < 0.9 * len(profile.values):
            return Guess(cls.name, f"{profile.distinct} codes that repeat now and then")
        return None

    def __init__(self, most: Annotated[int, Range(50, 5000, log=True)] = 1000) -> None:
        self.most = most
        self.values: list[str] = []

    def fit(self, column: Column) -> None:
        """Learn the values, by falling frequency."""
        counts = pc.value_counts(pc.drop_null(cells.texts(column))).to_pylist()
        ranked = sorted(counts, key=lambda count: (-count["counts"], count["values"]))
        self.values = [count["values"] for count in ranked[: self.most]]

    def source(self, column: Column, reading: Reading) -> ArraySource:
        """Return int64 `[rows, 1]`."""
        del reading
        strings = cells.texts(column)
        indices = pc.index_in(strings, value_set=pa.array(self.values, pa.large_string()))
        # 0 is left for values that training rows do not hold.
        ids = pc.fill_null(indices, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
        return ArraySource(ids[:, None], strings.is_valid().to_numpy(zero_copy_only=False)[:, None])

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
        two = len(profile.counts) == 2 and profile.distinct - len(profile.markers) <= 2
        if two and len(profile.values) > 2 and not profile.is_large:
            return Guess(cls.name, f"two values: {quoted(sorted(profile.counts, key=str))}")
        return None

    def __init__(self) -> None:
        super().__init__(most=2)


def codes(profile: Profile) -> bool:
    """Return whether texts look like codes: composed of digits and signs, or long words of one length."""
    texts = profile.counts
    composed = sum(1 for text in texts if " " not in text and _COMPOSED.search(text))
    return composed / len(texts) >= 0.8 or _hashes(profile)


def _hashes(profile: Profile) -> bool:
    """Return whether all texts are long words of one length over a plain alphabet."""
    lengths = {len(text) for text in profile.counts}
    return (
        len(lengths) == 1
        and lengths.pop() >= 16
        and all(text.isascii() and text.isalnum() for text in profile.counts)
    )

"""Categories as inputs: one index per value seen in training, 0 for all others."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns import cells
from torso.columns.inputs._input import Input
from torso.columns.profile import Guess, Profile, quoted
from torso.columns.reading import Reading
from torso.columns.sources import ArraySource
from torso.tables.table import Column

__all__ = ["BinaryInput", "CategoryInput", "codes"]

_REPEATED = 0.8  # share of the rows whose value several rows have
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

    quickly_learnt: ClassVar[bool] = True

    @classmethod
    def recognise(cls, cells: Profile) -> Guess | None:
        """Recognise texts that repeat and are no sentences, and codes that repeat now and then."""
        if not cells.is_text:
            return None
        several = 5 if len(cells.values) >= 100 else 2
        in_shared = sum(count for count in cells.counts.values() if count >= several)
        words = sum(len(text.split()) for text in cells.counts) / len(cells.counts)
        sentences = words > 4 and len(cells.counts) > _MANY
        if in_shared / len(cells.values) >= _REPEATED and not sentences:
            return Guess(cls.name, f"{cells.distinct} values that repeat")
        if codes(cells) and len(cells.counts) < 0.9 * len(cells.values):
            return Guess(cls.name, f"{cells.distinct} codes that repeat now and then")
        return None

    def __init__(self, most: int = 1000) -> None:
        self.most = most
        self.values: list[str] = []

    def fit(self, column: Column) -> None:
        """Learn the values, by falling frequency."""
        counts = pc.value_counts(pc.drop_null(cells.texts(column))).to_pylist()
        ranked = sorted(counts, key=lambda count: (-count["counts"], count["values"]))
        self.values = [count["values"] for count in ranked[: self.most]]

    def state(self) -> dict[str, Any]:
        """Return the values."""
        return {"values": self.values}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back the values."""
        self.values = state["values"]

    def source(self, column: Column, reading: Reading) -> ArraySource:
        """Return int64 `[rows, 1]`."""
        del reading
        strings = cells.texts(column)
        found = pc.index_in(strings, value_set=pa.array(self.values, pa.large_string()))
        ids = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
        return ArraySource(ids[:, None], strings.is_valid().to_numpy(zero_copy_only=False)[:, None])

    def offered(self) -> dict[str, Any]:
        """Offer the number of indices, the one for unseen values included."""
        return {"cardinalities": [len(self.values) + 1]}


class BinaryInput(CategoryInput, name="binary", rank=40):
    """One of two values; read like any category."""

    @classmethod
    def recognise(cls, cells: Profile) -> Guess | None:
        """Recognise true and false, or any two values."""
        if pa.types.is_boolean(cells.type):
            return Guess(cls.name, "true or false")
        two = len(cells.counts) == 2 and cells.distinct - len(cells.markers) <= 2
        if two and len(cells.values) > 2 and not cells.is_bytes:
            return Guess(cls.name, f"two values: {quoted(sorted(cells.counts, key=str))}")
        return None

    def __init__(self) -> None:
        super().__init__(most=2)


def codes(cells: Profile) -> bool:
    """Return whether texts look like codes: composed of digits and signs, or long words of one length."""
    texts = cells.counts
    composed = sum(1 for text in texts if " " not in text and _COMPOSED.search(text))
    return composed / len(texts) >= 0.8 or _hashes(cells)


def _hashes(cells: Profile) -> bool:
    """Return whether all texts are long words of one length over a plain alphabet."""
    lengths = {len(text) for text in cells.counts}
    return (
        len(lengths) == 1
        and lengths.pop() >= 16
        and all(text.isascii() and text.isalnum() for text in cells.counts)
    )

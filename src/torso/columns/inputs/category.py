"""Categories as inputs: one index per value seen in training, 0 for all others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns import cells
from torso.columns.inputs._input import Input
from torso.columns.reading import Reading
from torso.columns.sources import ArraySource
from torso.tables.table import Column

__all__ = ["BinaryInput", "CategoryInput"]


class CategoryInput(
    Input, name="category", form="categories", encoder="embedding", modality="categories"
):
    """One of several values. A value that training rows do not hold has index 0, "unseen".

    Args:
        most: values kept, the most frequent first; rarer ones share the index for unseen values.
    """

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


class BinaryInput(CategoryInput, name="binary"):
    """One of two values; read like any category."""

    def __init__(self) -> None:
        super().__init__(most=2)

"""What the rules of inference ask about a column, each answer computed once.

Shares and counts come from an even sample of 20,000 rows, so that a large table is judged as fast as a small one.
Cells that say NA, ? or the like hold no value here; whether they mean "missing" is for the user to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.tables.numerals import numbers_in
from torso.tables.table import Column, index_array

__all__ = ["MARKERS", "Profile", "quoted", "sample_rows"]

MARKERS = frozenset({"na", "n/a", "nan", "null", "none", "?", "-", "--"})
SAMPLE = 20_000
LARGE_SAMPLE = 500


@dataclass(frozen=True)
class Profile:
    """A column with what several rules ask about it, each computed once."""

    column: Column

    @cached_property
    def type(self) -> pa.DataType:
        """The Arrow type of its cells."""
        return self.column.values.type

    @cached_property
    def is_text(self) -> bool:
        """Whether its cells are text."""
        return bool(pa.types.is_large_string(self.type))

    @cached_property
    def is_number(self) -> bool:
        """Whether its cells are numbers."""
        return bool(pa.types.is_int64(self.type) or pa.types.is_float64(self.type))

    @cached_property
    def missing(self) -> float:
        """Share of the cells without a value."""
        return float(self.column.values.null_count / max(1, len(self.column)))

    @cached_property
    def few(self) -> pa.Array:
        """The sampled cells, fewer where a cell is large."""
        large = pa.types.is_nested(self.type) or pa.types.is_large_binary(self.type)
        rows = sample_rows(len(self.column), LARGE_SAMPLE if large else SAMPLE)
        return self.column.values.take(index_array(rows))

    @cached_property
    def values(self) -> list[Any]:
        """The sampled cells that hold a value; markers such as NA hold none."""
        cells = [cell for cell in self.few.to_pylist() if cell is not None]
        if not self.is_text:
            return cells
        return [cell for cell in cells if cell.lower() not in MARKERS]

    @cached_property
    def markers(self) -> list[str]:
        """The marker cells' texts, most frequent first."""
        if not self.is_text:
            return []
        found = Counter(self.few.to_pylist())
        return [
            text for text, _ in found.most_common() if text is not None and text.lower() in MARKERS
        ]

    @cached_property
    def counts(self) -> Counter[Any]:
        """Value -> how often it occurs in the sample."""
        return Counter(self.values if self.is_number or self.is_text else map(str, self.values))

    @cached_property
    def distinct(self) -> int:
        """Distinct values in the whole column; of lists and bytes, in the sample."""
        if pa.types.is_nested(self.type) or pa.types.is_large_binary(self.type):
            return len(self.counts)
        return int(pc.count_distinct(self.column.values, mode="only_valid").as_py())

    @cached_property
    def example(self) -> str:
        """The first value, in at most 40 characters."""
        cell = next(iter(self.values), None)
        if cell is None:
            return ""
        text = f"{len(cell)} bytes" if isinstance(cell, bytes) else str(cell)
        text = " ".join(text.split())
        return text if len(text) <= 40 else f"{text[:39]}…"

    def share(self, holds: Callable[[Any], Any]) -> float:
        """Share of the sampled values for which `holds`."""
        return sum(1 for value in self.values if holds(value)) / max(1, len(self.values))

    @cached_property
    def numeric_share(self) -> float:
        """Share of the sampled values that are numbers; codes such as "007" are none."""
        if not self.is_text or not self.values:
            return 0.0
        held = numbers_in(self.few)
        return float((len(held) - held.null_count) / len(self.values))


def sample_rows(rows: int, most: int = SAMPLE) -> np.ndarray:
    """Return at most `most` of the positions below `rows`, evenly spread."""
    return np.arange(rows) if rows <= most else np.linspace(0, rows - 1, most).astype(np.int64)


def quoted(values: Sequence[Any]) -> str:
    """Return the first three values as a message names them."""
    return " and ".join(repr(value) for value in values[:3]) + (
        " and others" if len(values) > 3 else ""
    )

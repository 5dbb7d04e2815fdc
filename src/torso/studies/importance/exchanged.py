"""Rows whose cells come from other rows, or are hidden, without a look at the table's cells again.

Features depend on a cell alone, so a column whose cells are exchanged has the same features in another order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from torso.columns.dataset import Dataset
from torso.columns.sources import CellFacts, Source, facts_of
from torso.tables.table import Column

__all__ = ["Cells", "Exchanged", "Layout", "taken"]

Rows = NDArray[np.intp]

Cells = Mapping[str, Rows]
"""Column -> the row that each of the new rows takes its cell from, -1 for none; all of one length."""


class Exchanged:
    """A source whose rows take their cells from rows of another one.

    >>> from torso.columns.sources import ArraySource
    >>> source = ArraySource(np.array([[1.0, 10.0], [2.0, 20.0]]), np.ones((2, 2), bool))
    >>> values, mask = Exchanged(source, np.array([[1, 0], [-1, 1]])).batch(np.arange(2))
    >>> values.tolist(), mask.tolist()
    ([[2.0, 10.0], [0.0, 20.0]], [[True, True], [False, True]])

    Args:
        source: the other.
        donors: row of `source` for each row, -1 for none: `[rows]`, or `[rows, columns]` where columns share a source.
    """

    def __init__(self, source: Source, donors: Rows) -> None:
        self.source = source
        self.donors = donors
        read = getattr(source, "read", None)
        self.read: Source | None = None if read is None else Exchanged(read, donors)
        facts = facts_of(source)
        self.facts = None if facts is None else _Facts(facts, donors)

    @property
    def encoded(self) -> bool:
        """True if a frozen encoder has read the cells already."""
        return self.source.encoded

    def __len__(self) -> int:
        return len(self.donors)

    def present(self) -> np.ndarray:
        """Return where a row has anything."""
        if self.donors.ndim == 1:
            return np.asarray(self.source.present()[self.donors] & (self.donors >= 0))
        _, mask = self.batch(np.arange(len(self)))
        return np.asarray(mask.any(axis=1))

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return values and mask of some rows, as those of the source; zeros where nothing is."""
        donors = self.donors[rows]
        if donors.ndim == 1:
            return _read(self.source, donors)
        values, mask = _read(self.source, donors[:, 0])
        for slots in _alike(donors)[1:]:
            own, known = _read(self.source, donors[:, slots[0]])
            values[:, slots], mask[:, slots] = own[:, slots], known[:, slots]
        return values, mask


@dataclass(frozen=True)
class _Facts:
    """Facts about whole files of rows that take them from other rows."""

    facts: CellFacts
    donors: Rows

    @property
    def values(self) -> np.ndarray:
        """Float32 `[rows, facts]`, NaN where there is none."""
        return np.where(
            (self.donors >= 0)[:, None], self.facts.values[self.donors], np.float32("nan")
        )


@dataclass(frozen=True, eq=False)
class Layout:
    """The columns of each modality, in the order of its features.

    Attributes:
        slots: modality -> column -> number of its places in the features; one column has them all.
    """

    slots: Mapping[str, Mapping[str, int]]

    def donors(self, modality: str, cells: Cells) -> Rows:
        """Return the rows that features come from, `[rows]` where all columns of a modality take the same."""
        slots = self.slots[modality]
        first, *others = [cells[column] for column in slots]
        if all(own is first or np.array_equal(own, first) for own in others):
            return first
        return np.repeat(
            np.stack([cells[column] for column in slots], axis=1), [*slots.values()], axis=1
        )

    def exchanged(self, dataset: Dataset, cells: Cells) -> Dataset:
        """Return the rows that `cells` describe, without targets."""
        donors = {name: self.donors(name, cells) for name in self.slots}
        return replace(
            dataset,
            rows=len(next(iter(donors.values()))),
            sources={name: Exchanged(dataset.sources[name], own) for name, own in donors.items()},
            sizes={name: _Facts(facts, donors[name]) for name, facts in dataset.sizes.items()},
            targets={},
            weights=None,
        )


def taken(column: Column, donors: Rows) -> Column:
    """Return raw cells of a column in another order, missing where `donors` is -1."""
    values = column.values.take(pa.array(donors, mask=donors < 0))
    if values.null_count == len(values):
        values = pa.nulls(len(values))  # of no type, as a schema hands out such columns
    return replace(column, values=values, original_rows=None)


def _read(source: Source, donors: Rows) -> tuple[np.ndarray, np.ndarray]:
    values, mask = source.batch(np.maximum(donors, 0))
    gone = donors < 0
    if gone.any():
        values, mask = values.copy(), mask.copy()
        values[gone], mask[gone] = 0, False
    return values, mask


def _alike(donors: Rows) -> Sequence[Rows]:
    """Return the columns of `donors` `[rows, columns]`, those that are equal together; that of the first first."""
    groups: dict[bytes, list[int]] = {}
    for slot in range(donors.shape[1]):
        groups.setdefault(np.ascontiguousarray(donors[:, slot]).tobytes(), []).append(slot)
    return [np.array(slots) for slots in groups.values()]

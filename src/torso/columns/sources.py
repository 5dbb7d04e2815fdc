"""Sources of a modality's features: each turns some rows into a padded batch.

Every source answers `batch(rows)` with numpy `values` and `mask` in the layout of `torso.core.types.Features`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from torso.cache.item_reader import DamagedItems

if TYPE_CHECKING:
    from torso.cache.store import FeatureStore

__all__ = [
    "ArraySource",
    "CellFacts",
    "KnownFacts",
    "ListSource",
    "LookupSource",
    "RaggedSource",
    "Source",
    "StoredSource",
    "TurningSource",
    "facts_of",
    "joined",
]


class Source(Protocol):
    """Some rows' features, by position."""

    @property
    def encoded(self) -> bool:
        """True if a frozen encoder has read them already (`Features.encoded`)."""
        ...

    def __len__(self) -> int: ...

    def present(self) -> np.ndarray:
        """Return bool `[rows]`: the rows that have the modality at all."""
        ...

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return `values` `[len(rows), ...]` and bool `mask` `[len(rows)]` or `[len(rows), length]`."""
        ...


class CellFacts(Protocol):
    """Facts about the whole cells of a column, such as a recording's seconds, which features may have lost."""

    @property
    def values(self) -> np.ndarray:
        """Float32 `[rows, facts]`, NaN where there is none; read when first asked."""
        ...


@dataclass(frozen=True, eq=False)
class KnownFacts:
    """Facts that are in memory.

    Attributes:
        values: float32 `[rows, facts]`, NaN where there is none.
    """

    values: np.ndarray


class ArraySource:
    """Values of one shape per row, in memory.

    Args:
        values: `[rows, ...]`.
        mask: bool, `[rows]` or `[rows, columns]`.
    """

    encoded = False

    def __init__(self, values: np.ndarray, mask: np.ndarray) -> None:
        self.values = values
        self.mask = mask

    def __len__(self) -> int:
        return len(self.values)

    def present(self) -> np.ndarray:
        """Return where any column has a value."""
        return self.mask if self.mask.ndim == 1 else np.asarray(self.mask.any(axis=1))

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows as they are."""
        return self.values[rows], self.mask[rows]


class LookupSource:
    """Columns whose rows share few different cells, each laid out once.

    Args:
        columns: per column the different cells, `[cells, slots]`, 0 in free slots; and the cell of each row, `[rows]`,
            -1 where it is missing.
    """

    encoded = False

    def __init__(self, columns: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0][1])

    def present(self) -> np.ndarray:
        """Return where any column has a value."""
        return np.asarray(np.any([rows >= 0 for _, rows in self.columns], axis=0))

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return int64 `[len(rows), columns, slots]`, as many slots as the widest column has."""
        mask = np.stack([own[rows] >= 0 for _, own in self.columns], axis=1)
        slots = max(cells.shape[1] for cells, _ in self.columns)
        values = np.zeros((*mask.shape, slots), np.int64)
        for index, (cells, own) in enumerate(self.columns):
            there = mask[:, index]
            values[there, index, : cells.shape[1]] = cells[own[rows[there]]]
        return values, mask


class RaggedSource:
    """Arrays of different lengths, end to end in memory.

    Args:
        flat: `[total, ...]`.
        lengths: `[rows]`; 0 for a row that lacks the modality.
        dtype: what a batch should have; default that of `flat`.
    """

    encoded = False

    def __init__(self, flat: np.ndarray, lengths: np.ndarray, dtype: type | None = None) -> None:
        self.flat = flat
        self.lengths = lengths.astype(np.int64)
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)[:-1]]).astype(np.int64)
        self.dtype = dtype or flat.dtype

    def __len__(self) -> int:
        return len(self.lengths)

    def present(self) -> np.ndarray:
        """Return where there is at least one step."""
        return np.asarray(self.lengths > 0)

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows padded with zeros to the longest, at least one step."""
        lengths = self.lengths[rows]
        mask = np.arange(max(1, lengths.max(initial=0))) < lengths[:, None]
        values = np.zeros((*mask.shape, *self.flat.shape[1:]), dtype=self.dtype)
        if mask.any():
            steps = self.starts[rows][:, None] + np.arange(mask.shape[1])
            values[mask] = self.flat[steps[mask]]
        return values, mask


class ListSource:
    """One array per row, or None; for rows that are read once and not kept, as in prediction.

    Args:
        arrays: per row an array, or None where the modality is missing.
        tail: shape of one step.
        dtype: of the arrays.
        fixed: the length that every array has; None if lengths differ.

    Attributes:
        facts: about the files that the arrays come from.
        same: int64 `[rows]`, the first row with equal features; None: nothing is known of equal ones.
    """

    encoded = False
    facts: CellFacts | None = None
    same: np.ndarray | None = None

    def __init__(
        self,
        arrays: Sequence[np.ndarray | None],
        tail: tuple[int, ...],
        dtype: np.dtype,
        fixed: int | None = None,
    ) -> None:
        self.arrays = arrays
        self.tail = tail
        self.dtype = dtype
        self.fixed = fixed

    def __len__(self) -> int:
        return len(self.arrays)

    def present(self) -> np.ndarray:
        """Return where there is an array."""
        return np.array([array is not None for array in self.arrays], dtype=bool)

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows padded with zeros."""
        arrays = [self.arrays[row] for row in rows]
        lengths = np.array([0 if array is None else len(array) for array in arrays])
        longest = self.fixed or max(1, lengths.max(initial=0))
        values = np.zeros((len(arrays), longest, *self.tail), dtype=self.dtype)
        for index, array in enumerate(arrays):
            if array is not None:
                values[index, : len(array)] = array
        if self.fixed:
            return values, lengths > 0
        return values, np.arange(longest) < lengths[:, None]


class StoredSource:
    """Features that lie in the cache.

    Args:
        store: the cache of these settings.
        items: int64 `[rows]`, -1 where the modality is missing.
        fixed: the length that every item has; None if lengths differ.

    Attributes:
        facts: about the files that the items come from.
        mend: makes damaged items anew; None where that takes another run.
    """

    encoded = False
    facts: CellFacts | None = None
    mend: Callable[[np.ndarray], None] | None = None

    def __init__(self, store: FeatureStore, items: np.ndarray, fixed: int | None) -> None:
        self.store = store
        self.items = items
        self.fixed = fixed

    def __len__(self) -> int:
        return len(self.items)

    def present(self) -> np.ndarray:
        """Return where there is an item."""
        return np.asarray(self.items >= 0)

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows padded with zeros."""
        items = self.items[rows]
        try:
            values, lengths = self.store.gather(items)
        except DamagedItems as error:
            if self.mend is None:
                raise
            self.mend(error.items)
            values, lengths = self.store.gather(items)
        if values.shape[1] == 0:
            values = np.zeros((len(items), self.fixed or 1, *self.store.tail), self.store.dtype)
        if self.fixed:
            return values, lengths > 0
        return values, np.arange(values.shape[1]) < lengths[:, None]


class TurningSource:
    """Several views of each row; every pass over the rows shows another one.

    Args:
        views: sources of the same rows.

    Attributes:
        turn: number of the pass.
    """

    def __init__(self, views: Sequence[Source]) -> None:
        self.views = views
        self.turn = 0

    @property
    def encoded(self) -> bool:
        """True if a frozen encoder has read the views already."""
        return self.views[0].encoded

    def __len__(self) -> int:
        return len(self.views[0])

    def present(self) -> np.ndarray:
        """Return where the first view has something: all have the same rows."""
        return self.views[0].present()

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows, each in one of its views, padded with zeros."""
        # Knuth's multiplicative hash: rows do not all begin with the same view.
        which = ((rows * 2_654_435_761 >> 16) + self.turn) % len(self.views)
        parts = [
            (np.flatnonzero(which == view), self.views[view].batch(rows[which == view]))
            for view in np.unique(which)
        ]
        longest = max(mask.shape[1] for _, (_, mask) in parts)
        first = parts[0][1][0]
        values = np.zeros((len(rows), longest, *first.shape[2:]), first.dtype)
        mask = np.zeros((len(rows), longest), dtype=bool)
        for indices, (part, part_mask) in parts:
            values[indices, : part_mask.shape[1]] = part
            mask[indices, : part_mask.shape[1]] = part_mask
        return values, mask


def facts_of(source: Source) -> CellFacts | None:
    """Return facts about the whole files that a source's features come from; None without any."""
    facts: CellFacts | None = getattr(source, "facts", None)
    return facts


def joined(sources: Sequence[Source]) -> Source:
    """Return one source with the columns of all `sources`, which are of one kind."""
    if len(sources) == 1:
        return sources[0]
    lookups = [source for source in sources if isinstance(source, LookupSource)]
    if len(lookups) == len(sources):
        return LookupSource([column for source in lookups for column in source.columns])
    arrays = [source for source in sources if isinstance(source, ArraySource)]
    assert len(arrays) == len(sources)  # only scalar columns share a modality
    return ArraySource(
        np.concatenate([source.values for source in arrays], axis=1),
        np.concatenate([source.mask for source in arrays], axis=1),
    )

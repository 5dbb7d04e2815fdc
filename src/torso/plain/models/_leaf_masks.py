"""The leaves that remain after all tests of a column, looked up by the rank of a value among the column's limits.

A tree strikes the leaves to the left of each failed test. The tests of one column fail in the order of their limits, so
all leaves that they strike are known once it is known how many limits lie below a value. One look-up per column takes
the place of a test per node.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["LeafMasks"]

_MOST_BYTES = 1 << 26
_WORTH = 4
"""Columns times trees, as a multiple of the nodes, up to which looking up is quicker than testing."""
_NARROW = 16  # leaves of a tree: 16 bits suffice


@dataclass(frozen=True, eq=False)
class LeafMasks:
    """Leaves left over, by column and rank.

    Attributes:
        columns: of the table that nodes test.
        limits: of each column, rising, each once.
        kept: of each column, bits of the leaves `[limits + 2, trees]`: by the number of limits below a value; the last
            where it is missing.
        leaf: of narrow bits, the lowest that is set; None of wide ones.
    """

    columns: tuple[int, ...]
    limits: tuple[np.ndarray, ...]
    kept: tuple[np.ndarray, ...]
    leaf: np.ndarray | None

    @classmethod
    def of(
        cls,
        features: np.ndarray,
        tests: tuple[np.ndarray, np.ndarray, np.ndarray],
        starts: np.ndarray,
        leaves: int,
    ) -> LeafMasks | None:
        """Return the masks of a forest; None where testing its nodes is quicker, or they would be large.

        Args:
            features: column that a node tests, tree by tree.
            tests: limits of the nodes, whether missing values go left, and bits of the leaves that a failed test keeps.
            starts: first node of each tree.
            leaves: of a tree at most.
        """
        columns = np.unique(features)
        kind = np.uint16 if leaves <= _NARROW else np.uint32
        size = (len(features) + 2 * len(columns)) * len(starts) * np.dtype(kind).itemsize
        if len(columns) * len(starts) > _WORTH * len(features) or size > _MOST_BYTES:
            return None
        trees = np.searchsorted(starts, np.arange(len(features)), side="right") - 1
        limits, kept = [], []
        for column in columns:
            own = np.flatnonzero(features == column)
            rising, masks = _masks([test[own] for test in tests], trees[own], len(starts), kind)
            limits.append(rising)
            kept.append(masks)
        leaf = _lowest_bits() if kind is np.uint16 else None
        return cls(tuple(columns.tolist()), tuple(limits), tuple(kept), leaf)

    def leaves(self, values: np.ndarray) -> np.ndarray:
        """Return the leaf of each row in each tree, `[rows, trees]`.

        Args:
            values: `[rows, columns]`, NaN where missing.
        """
        left: np.ndarray | None = None
        held = np.empty((len(values), self.kept[0].shape[1]), self.kept[0].dtype)
        for column, limits, kept in zip(self.columns, self.limits, self.kept, strict=True):
            cells = values[:, column]
            ranks = np.searchsorted(limits, cells)
            ranks[np.isnan(cells)] = len(kept) - 1
            if left is None:
                left = kept.take(ranks, axis=0)
            else:
                left &= kept.take(ranks, axis=0, out=held, mode="clip")
        assert left is not None
        if self.leaf is not None:
            return self.leaf.take(left)
        lowest = left & (~left + np.uint32(1))
        return np.asarray(np.frexp(lowest.astype(np.float64))[1] - 1)


def _masks(
    tests: Sequence[np.ndarray], trees: np.ndarray, number: int, kind: type
) -> tuple[np.ndarray, np.ndarray]:
    """Return the limits of a column and the leaves that its tests leave, `[limits + 2, trees]`.

    Args:
        tests: limits, sides of gaps and leaves kept, of the nodes that test the column.
        trees: of these nodes.
        number: of all trees.
        kind: of the bits.
    """
    limits, ranks = np.unique(tests[0], return_inverse=True)
    every = np.iinfo(kind).max
    kept: np.ndarray = np.full((len(limits) + 2, number), every, kind)
    bits: np.ndarray = tests[2].astype(kind)
    np.bitwise_and.at(kept, (ranks.ravel() + 1, trees), bits)
    np.bitwise_and.accumulate(kept[:-1], axis=0, out=kept[:-1])
    right = ~tests[1]
    kept[-1] = every
    np.bitwise_and.at(kept[-1], trees[right], bits[right])
    return limits, kept


def _lowest_bits() -> np.ndarray:
    """Return the lowest bit that is set, of each number of 16 bits."""
    numbers = np.arange(1 << _NARROW)
    lowest = numbers & -numbers
    return (np.frexp(lowest.astype(np.float64))[1] - 1).astype(np.int8)

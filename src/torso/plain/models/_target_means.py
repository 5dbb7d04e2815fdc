"""Mean labels of the rows of each category: with them, trees tell hundreds of categories apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["TargetMeans", "read_means"]

_PRIOR_ROWS = 10.0  # that the mean of all rows is worth
_FEW = 3  # codes that need no means: trees split them at once


@dataclass(frozen=True, eq=False)
class TargetMeans:
    """Mean label of each code of each column, drawn toward the mean of all rows.

    From Micci-Barreca 2001 (SIGKDD Explorations 3(1)). Differs: a row's own fold is left out of its mean, as the fold
    held out is left out of all; so no row sees its own label, and no held-out label is seen.

    Attributes:
        columns: of codes, in the dense part.
        sizes: number of codes of each, gaps included.
        sums: of labels, `[folds, codes of all columns, labels]`.
        counts: of labels, likewise.
        folds: names of the folds.
    """

    columns: tuple[int, ...]
    sizes: tuple[int, ...]
    sums: np.ndarray
    counts: np.ndarray
    folds: np.ndarray

    @classmethod
    def learn(
        cls, dense: np.ndarray, codes: Sequence[int], labels: np.ndarray, folds: np.ndarray
    ) -> TargetMeans:
        """Return the means of rows with codes.

        Args:
            dense: float32 `[rows, columns]`.
            codes: columns that hold codes.
            labels: float64 `[rows, labels]`, NaN where missing.
            folds: int `[rows]`, the fold of each row.
        """
        sizes = {column: 2 + int(np.nanmax(dense[:, column], initial=-1)) for column in codes}
        columns = tuple(column for column, size in sizes.items() if size > _FEW + 1)
        known_sizes = tuple(sizes[column] for column in columns)
        total = sum(known_sizes)
        names, own = np.unique(folds, return_inverse=True)
        shape = (len(names), total, labels.shape[1])
        sums, counts = np.zeros(shape), np.zeros(shape)
        known = ~np.isnan(labels)
        filled = np.nan_to_num(labels)
        places = _places(dense, columns, known_sizes)
        for place in places.T:
            key = own * total + place
            for label in range(labels.shape[1]):
                weights = filled[:, label], known[:, label]
                for into, weight in zip((sums, counts), weights, strict=True):
                    added = np.bincount(key, weight, len(names) * total)
                    into[:, :, label] += added.reshape(len(names), total)
        return cls(columns, known_sizes, sums, counts, names)

    def without(self, fold: int | None, folds: np.ndarray, dense: np.ndarray) -> np.ndarray:
        """Return means for rows that belong to folds, each without its own fold, `[rows, columns, labels]`.

        Args:
            fold: that no mean may know; None for none.
            folds: int `[rows]`.
            dense: float32 `[rows, columns]`.
        """
        kept = np.ones(len(self.folds)) if fold is None else (self.folds != fold).astype(float)
        places = _places(dense, self.columns, self.sizes)
        means = np.zeros((len(dense), places.shape[1], self.sums.shape[2]))
        for index, name in enumerate(self.folds):
            others = kept.copy()
            others[index] = 0.0
            rows = np.flatnonzero(folds == name)
            means[rows] = self._table(others)[places[rows]]
        return means

    def table(self) -> np.ndarray:
        """Return the means of all folds, `[codes of all columns, labels]`."""
        return self._table(np.ones(len(self.folds)))

    def _table(self, kept: np.ndarray) -> np.ndarray:
        sums, counts = np.tensordot(kept, self.sums, 1), np.tensordot(kept, self.counts, 1)
        starts = np.cumsum([0, *self.sizes[:-1]]) if self.sizes else np.zeros(0, int)
        whole = np.add.reduceat(sums, starts), np.add.reduceat(counts, starts)
        mean = np.repeat(whole[0] / np.maximum(whole[1], 1), self.sizes, axis=0)
        return np.asarray((sums + _PRIOR_ROWS * mean) / (counts + _PRIOR_ROWS))


def read_means(
    table: np.ndarray, columns: Sequence[int], sizes: Sequence[int], dense: np.ndarray
) -> np.ndarray:
    """Return the means of new rows, `[rows, columns * labels]`."""
    places = _places(dense, columns, sizes)
    return np.asarray(table[places].reshape(len(dense), len(columns) * table.shape[1]))


def _places(dense: np.ndarray, columns: Sequence[int], sizes: Sequence[int]) -> np.ndarray:
    """Return the place of each cell's code among those of all columns, int64; 0 is a gap, then the codes."""
    codes = np.nan_to_num(dense[:, list(columns)], nan=-1.0).astype(np.int64) + 1
    codes = np.where(codes < np.array(sizes, np.int64), codes, 1)  # unknown since the fit
    starts = np.cumsum([0, *sizes])[:-1]
    return np.asarray(codes + starts.astype(np.int64))

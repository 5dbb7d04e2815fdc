"""The flat view of some rows: a dense table of numbers and codes, and a sparse one of words and categories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from torso.cache.keys import content_digest

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Flat", "varying"]


@dataclass(frozen=True, eq=False)
class Flat:
    """Rows as plain models read them.

    Attributes:
        dense: float32 `[rows, columns]`, NaN where missing.
        codes: columns of `dense` that hold codes of categories; 0 is a rare or new one.
        sparse: float32 `[rows, features]`: one-hot codes, weights of n-grams.
        names: of the dense columns.
        for_trees: columns of `dense` that linear models leave out when they learn.
    """

    dense: np.ndarray
    codes: tuple[int, ...]
    sparse: csr_array
    names: tuple[str, ...]
    for_trees: tuple[int, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.dense)

    def take(self, rows: np.ndarray) -> Flat:
        """Return some rows."""
        return replace(self, dense=self.dense[rows], sparse=self.sparse[rows])

    def beside(self, dense: np.ndarray, names: Sequence[str]) -> Flat:
        """Return the rows with more dense columns."""
        together = np.concatenate([self.dense, dense], axis=1)
        return replace(self, dense=together, names=(*self.names, *names))

    @staticmethod
    def stacked(parts: Sequence[Flat]) -> Flat:
        """Return the rows of several parts, which have the same columns, below each other."""
        from scipy.sparse import csr_array, vstack

        if len(parts) == 1:
            return parts[0]
        return replace(
            parts[0],
            dense=np.concatenate([part.dense for part in parts]),
            sparse=csr_array(vstack([part.sparse for part in parts])),
        )


def varying(dense: np.ndarray) -> np.ndarray:
    """Return the columns that differ between rows, gaps included; none twice."""
    if not len(dense):
        return np.arange(dense.shape[1])
    first = dense[:1]
    same = (dense == first) | (np.isnan(dense) & np.isnan(first))
    unlike: dict[bytes, int] = {}
    for column in np.flatnonzero(~same.all(axis=0)).tolist():
        unlike.setdefault(content_digest(dense[:, column].tobytes()), column)
    return np.array(list(unlike.values()), np.int64)

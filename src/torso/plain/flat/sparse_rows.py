"""Sparse rows from their entries, and their product with weights; a row alone is spared the library's checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["sparse_product", "sparse_rows"]


def sparse_rows(
    entries: tuple[np.ndarray, np.ndarray, np.ndarray], shape: tuple[int, int]
) -> csr_array:
    """Return the entries, none twice, as a sparse matrix.

    Args:
        entries: row, column and value of each.
        shape: of the matrix.
    """
    from scipy.sparse import csr_array

    row, column, value = entries
    if shape[0] != 1:
        return csr_array((value, (row, column)), shape)
    order = column.argsort()
    return csr_array((value[order], column[order], np.array([0, len(order)])), shape)


def sparse_product(rows: csr_array, weights: np.ndarray) -> np.ndarray:
    """Return the product of sparse rows and weights `[columns, width]`."""
    if rows.shape[0] != 1:
        return np.asarray(rows @ weights)
    read = weights.take(rows.indices, axis=0) * rows.data[:, None]
    return np.asarray(np.add.reduce(read, axis=0, keepdims=True))

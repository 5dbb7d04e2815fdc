"""Sparse rows from their entries, and their product with weights; a row alone is spared the library's checks.

A machine that only answers may lack SciPy: `entries_product` goes on without it.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["entries_product", "in_order", "sparse_product", "sparse_rows"]

Entries = tuple[np.ndarray, np.ndarray, np.ndarray]


def sparse_rows(entries: Entries, shape: tuple[int, int]) -> csr_array:
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


def entries_product(entries: Entries, shape: tuple[int, int], weights: np.ndarray) -> np.ndarray:
    """Return the product of the matrix that entries fill, none twice, and weights `[columns, width]`.

    Args:
        entries: row, column and value of each.
        shape: of the matrix.
        weights: float32.
    """
    if shape[0] > 1 and _has_scipy():
        return sparse_product(sparse_rows(entries, shape), weights)
    row, column, value = in_order(entries)
    ends = np.searchsorted(row, np.arange(shape[0] + 1))
    said = np.zeros((shape[0], weights.shape[1]), np.float32)
    for at in np.flatnonzero(np.diff(ends)):
        own = slice(ends[at], ends[at + 1])
        read = weights.take(column[own], axis=0) * value[own, None]
        said[at] = np.add.reduce(read, axis=0)
    return said


def in_order(entries: Entries) -> Entries:
    """Return the entries by row, and by column within a row."""
    row, column, value = entries
    order = np.lexsort((column, row))
    return row[order], column[order], value[order]


@cache
def _has_scipy() -> bool:
    return find_spec("scipy") is not None

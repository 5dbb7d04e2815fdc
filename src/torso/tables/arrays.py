"""Arrow arrays as numpy and back, without pandas, which Arrow's own ways import where it happens to be installed."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

__all__ = ["as_bools", "as_floats", "as_integers", "index_array"]


def as_bools(values: pa.Array) -> np.ndarray:
    """Return bool `[rows]`, False where a cell is null.

    >>> as_bools(pa.array([True, None, False, True])[1:]).tolist()
    [False, False, True]
    """
    bits = _bits(values, 1)
    return bits & _valid(values) if values.null_count else bits


def as_floats(values: pa.Array) -> np.ndarray:
    """Return float64 `[rows]`, NaN where a cell of float64 is null."""
    floats = np.frombuffer(values.buffers()[1] or b"", np.float64)
    floats = floats[values.offset : values.offset + len(values)].copy()
    if values.null_count:
        floats[~_valid(values)] = np.nan
    return floats


def as_integers(values: pa.Array) -> np.ndarray:
    """Return int64 `[rows]`, -1 where a cell of integers is null."""
    if values.type != pa.int64():
        values = values.cast(pa.int64())
    integers = np.frombuffer(values.buffers()[1] or b"", np.int64)
    integers = integers[values.offset : values.offset + len(values)].copy()
    if values.null_count:
        integers[~_valid(values)] = -1
    return integers


def index_array(indices: np.ndarray) -> pa.Array:
    """Return `indices` as an Arrow array over the same memory."""
    indices = np.ascontiguousarray(indices, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(indices), [None, pa.py_buffer(indices)])


def _valid(values: pa.Array) -> np.ndarray:
    return np.ones(len(values), bool) if values.buffers()[0] is None else _bits(values, 0)


def _bits(values: pa.Array, buffer: int) -> np.ndarray:
    """Return a buffer of bits, a bool for each cell."""
    data = np.frombuffer(values.buffers()[buffer] or b"", np.uint8)
    bits = np.unpackbits(data, bitorder="little")[values.offset : values.offset + len(values)]
    return np.asarray(bits.astype(bool))

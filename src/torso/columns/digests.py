"""Whether a cell is still the same: 16 bytes that say so without keeping its content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import pyarrow as pa

__all__ = ["digests", "joined_digests"]

_BYTES = 16


def digests(values: pa.Array) -> np.ndarray:
    """Return uint8 `[rows, 16]`: a digest of each cell's content, zeros where the cell is empty."""
    found = np.zeros((len(values), _BYTES), np.uint8)
    known = np.flatnonzero(np.asarray(values.is_valid()))
    for row, content in zip(known.tolist(), _contents(values.drop_null()), strict=True):
        found[row] = np.frombuffer(blake2b(content, digest_size=_BYTES).digest(), np.uint8)
    return found


def joined_digests(each: Sequence[np.ndarray]) -> np.ndarray:
    """Return uint8 `[rows, 16]`: a digest of several of a row, zeros where all are."""
    rows = np.concatenate(each, axis=1)
    whole = digests(pa.array([row.tobytes() for row in rows], pa.large_binary()))
    return np.where(rows.any(axis=1, keepdims=True), whole, 0).astype(np.uint8)


def _contents(values: pa.Array) -> Iterator[bytes]:
    """Yield each cell as bytes; none is empty."""
    if pa.types.is_list(values.type) and pa.types.is_floating(values.type.value_type):
        flat = np.asarray(values.values.to_numpy(zero_copy_only=False))
        ends = np.asarray(values.offsets)
        yield from (flat[a:b].tobytes() for a, b in pairwise(ends.tolist()))
    else:
        for cell in values.to_pylist():
            yield cell if isinstance(cell, bytes) else str(cell).encode()

"""16-byte digests of cells: they reveal a changed cell without storing its content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa

from torso.cache.keys import KEY_BYTES, content_digest

__all__ = ["digests", "joined_digests"]


def digests(values: pa.Array) -> np.ndarray:
    """Return uint8 `[rows, 16]`: a digest of each cell's content, zeros where the cell is empty."""
    digests_of_rows = np.zeros((len(values), KEY_BYTES), np.uint8)
    known = np.flatnonzero(np.asarray(values.is_valid()))
    for row, content in zip(known.tolist(), _contents(values.drop_null()), strict=True):
        digests_of_rows[row] = np.frombuffer(content_digest(content), np.uint8)
    return digests_of_rows


def joined_digests(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Return uint8 `[rows, 16]`: one digest per row of the digests of several columns.

    A row is zeros where all of them are.
    """
    rows = np.concatenate(columns, axis=1)
    joined = digests(pa.array([row.tobytes() for row in rows], pa.large_binary()))
    return np.where(rows.any(axis=1, keepdims=True), joined, 0).astype(np.uint8)


def _contents(values: pa.Array) -> Iterator[bytes]:
    """Yield each cell as bytes; none is empty."""
    if pa.types.is_list(values.type) and pa.types.is_floating(values.type.value_type):
        flat = np.asarray(values.values.to_numpy(zero_copy_only=False))
        offsets = np.asarray(values.offsets).tolist()
        yield from (flat[start:end].tobytes() for start, end in pairwise(offsets))
    else:
        for cell in values.to_pylist():
            yield cell if isinstance(cell, bytes) else str(cell).encode()

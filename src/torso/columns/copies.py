"""Rows that stand in two parts of a split: copies, whose scores are partly memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.digests import digests
from torso.tables.table import Table

__all__ = ["copies_note", "row_keys"]

_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9))  # of splitmix64


def row_keys(columns: Sequence[pa.Array]) -> np.ndarray:
    """Return uint64 `[rows]`, equal for rows that are equal in every column, and else equal once in 2^64 pairs.

    >>> keys = row_keys([pa.array([1, 2, 1]), pa.array(["a", "a", "a"])])
    >>> bool(keys[0] == keys[2]), bool(keys[0] == keys[1])
    (True, False)
    """
    keys = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        codes = np.asarray(_codes(column)).astype(np.uint64)
        keys = (keys ^ (codes + _ODD[0])) * _ODD[1]
        keys ^= keys >> np.uint64(29)
    return keys


def copies_note(parts: Mapping[str, tuple[Table, np.ndarray]], names: Sequence[str]) -> str | None:
    """Return the sentence that held-out rows are copies of training rows; None if there is none.

    Args:
        parts: `training`, `validation` and `test` -> the table and its rows in it.
        names: columns that a copy has in common.
    """
    tables = {id(table): table for table, _ in parts.values()}
    names = [name for name in names if _comparable(name, list(tables.values()))]
    if not names:
        return None
    columns = [
        pa.chunked_array([table.data.column(name).combine_chunks() for table in tables.values()])
        for name in names
    ]
    keys = row_keys([column.combine_chunks() for column in columns])
    starts = dict(
        zip(tables, np.cumsum([0, *(table.rows for table in tables.values())]), strict=False)
    )
    own = {name: keys[rows + starts[id(table)]] for name, (table, rows) in parts.items()}
    copied = {
        name: int(np.isin(keys, own["training"]).sum())
        for name, keys in own.items()
        if name != "training"
    }
    said = [f"{count} of {len(own[name])} {name} rows" for name, count in copied.items() if count]
    if not said:
        return None
    return (
        f"{' and '.join(said)} equal a training row in every input and label. If they are copies, the scores are "
        "partly memory: take them out, or keep them together with --set data.split.group=COLUMN."
    )


def _comparable(name: str, tables: Sequence[Table]) -> bool:
    """Return whether all tables have the column, as cells of one type."""
    return len(
        {table.data.schema.field(name).type if name in table.names else None for table in tables}
    ) == 1 and all(name in table.names for table in tables)


def _codes(column: pa.Array) -> np.ndarray:
    if pa.types.is_nested(column.type):
        return digests(column)[:, :8].copy().view(np.uint64)[:, 0]
    indices = pc.dictionary_encode(column, null_encoding="encode").indices
    return np.asarray(indices.to_numpy(zero_copy_only=False))

"""Cells that were read before: rows that are asked about alone mostly hold values that others held.

To read one cell costs as much as to read some hundred, since the work is done by whole columns. So the features of a
single cell, which depend on the fitted kind and on the cell alone, are kept for the next row that holds it.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import pyarrow as pa

from torso.columns.inputs._input import Input
from torso.columns.reading import Reading
from torso.columns.sources import Source
from torso.tables.table import Column

__all__ = ["source_of"]

_MOST = 10_000  # cells of a column that are kept
_LONGEST = 200  # characters of a text that is kept

Key = tuple[object, ...]

_KEPT: WeakKeyDictionary[Input, dict[Key, Source]] = WeakKeyDictionary()


def source_of(kind: Input, column: Column, reading: Reading) -> Source:
    """Return the features of a column; while answering, from memory if it is a single cell that was read before.

    A cell about which something is noted, such as one that cannot be read, is read each time.

    Args:
        kind: fitted.
        column: the cells.
        reading: how to read them.
    """
    key = _key(column) if reading.options.in_pieces and not kind.in_files else None
    if key is None:
        return kind.source(column, reading)
    kept = _KEPT.setdefault(kind, {})
    if key in kept:
        return kept[key]
    before = _noted(column.name, reading)
    source = kind.source(column, reading)
    if _noted(column.name, reading) == before and len(kept) < _MOST:
        kept[key] = source
    return source


def _key(column: Column) -> Key | None:
    """Return the facts that the features of a single cell depend on; None for many cells, or one of an odd type."""
    values = column.values
    if len(values) != 1 or column.categories is not None:
        return None
    if values.null_count:
        return (None,)
    if values.type not in _PLAIN:
        return None
    cell = values[0].as_py()
    long = isinstance(cell, str) and len(cell) > _LONGEST
    return None if long else (type(cell), cell, column.typed)


def _noted(name: str, reading: Reading) -> tuple[int, object]:
    return len(reading.log.skipped), reading.log.unseen.get(name)


_PLAIN = frozenset({pa.large_string(), pa.float64(), pa.int64(), pa.bool_()})

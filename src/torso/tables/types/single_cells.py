"""Columns of a single cell, as rows that are asked about alone are made of: cells that recur are kept as columns."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import pyarrow as pa

from torso.tables.missing_cells import normalised
from torso.tables.types.common_types import common_column
from torso.tables.types.python_cells import python_column
from torso.tables.types.raw_column import RawColumn

__all__ = ["single_cell"]

_PLAIN = frozenset({str, int, float, bool, type(None)})
_LONGEST = 200  # characters of a text that is kept
_FAR = 2**63


def single_cell(cells: object) -> RawColumn | None:
    """Return the column of a list with one plain value; None for any other list."""
    if not isinstance(cells, list) or len(cells) != 1:
        return None
    cell = cells[0]
    is_long = isinstance(cell, str) and len(cell) > _LONGEST
    return None if is_long or type(cell) not in _PLAIN else _column(cell)


@lru_cache(maxsize=20_000, typed=True)
def _column(cell: object) -> RawColumn:
    if (plain := _plain(cell)) is not None:
        return RawColumn(pa.chunked_array([plain]), is_settled=True)
    column = common_column(python_column([cell]))
    return replace(column, values=normalised(column.values, ()), is_settled=True)


def _plain(cell: object) -> pa.Array | None:
    """Return the usual cells as they would come out: finite numbers, and ASCII texts without blanks around them."""
    if type(cell) is str and cell.isascii() and cell.isprintable() and (text := cell.strip()):
        return pa.array([text], pa.large_string())
    if type(cell) is float and math.isfinite(cell):
        return pa.array([cell], pa.float64())
    if type(cell) is int and -_FAR < cell < _FAR:
        return pa.array([cell], pa.int64())
    return None

"""Columns of a single cell, as rows that are asked about alone are made of: cells that recur are kept as columns."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from torso.tables.missing_cells import normalised
from torso.tables.types.common_types import common_column
from torso.tables.types.python_cells import python_column
from torso.tables.types.raw_column import RawColumn

__all__ = ["single_cell"]

_PLAIN = frozenset({str, int, float, bool, type(None)})
_LONGEST = 200  # characters of a text that is kept


def single_cell(cells: object) -> RawColumn | None:
    """Return the column of a list with one plain value; None for any other list."""
    if not isinstance(cells, list) or len(cells) != 1:
        return None
    cell = cells[0]
    is_long = isinstance(cell, str) and len(cell) > _LONGEST
    return None if is_long or type(cell) not in _PLAIN else _column(cell)


@lru_cache(maxsize=20_000, typed=True)
def _column(cell: object) -> RawColumn:
    column = common_column(python_column([cell]))
    return replace(column, values=normalised(column.values, ()), is_settled=True)

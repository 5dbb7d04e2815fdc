"""Cells that mean "no value", in columns of the common types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["normalised", "without"]

_FEW = 4  # cells that Python looks at, which is quicker than a call of Arrow
_WHOLE = re.compile(r"-?[0-9]+")

ArrowColumn = TypeVar("ArrowColumn", pa.Array, pa.ChunkedArray)


def normalised(column: pa.ChunkedArray, missing: Sequence[str]) -> pa.ChunkedArray:
    """Return `column`, null where a cell is missing.

    Args:
        column: of a common type.
        missing: texts that mean "no value", beside the empty cell.
    """
    if pa.types.is_large_string(column.type):
        return without(pc.utf8_trim_whitespace(column), missing)
    if pa.types.is_float64(column.type) and not _are_numbers(column):
        column = pc.if_else(pc.is_nan(column), pa.nulls(len(column), column.type), column)
    if pa.types.is_float64(column.type) or pa.types.is_integer(column.type):
        return without(column, missing)
    return column


def without(cells: ArrowColumn, missing: Sequence[str]) -> ArrowColumn:
    """Return `cells`, text or numbers, with null for empty text and for the cells that `missing` lists."""
    if not pa.types.is_large_string(cells.type):
        for marker in map(str, missing):
            with suppress(ValueError, OverflowError, pa.ArrowInvalid):
                is_marker = pc.equal(
                    cells, int(marker) if _WHOLE.fullmatch(marker) else float(marker)
                )
                cells = pc.if_else(is_marker, pa.nulls(len(cells), cells.type), cells)
        return cells
    if len(cells) <= _FEW and not any(_says_missing(cell, missing) for cell in cells.to_pylist()):
        return cells
    gone = pc.invert(pc.binary_length(cells).cast(pa.bool_()))
    if missing:
        pattern = "|".join(_pattern(str(marker).strip()) for marker in missing)
        gone = pc.or_(gone, pc.match_substring_regex(cells, f"^(?:{pattern})$"))
    if not pc.any(gone).as_py():
        return cells
    return pc.if_else(gone, pa.nulls(len(cells), cells.type), cells)


def _are_numbers(cells: pa.ChunkedArray) -> bool:
    """Return whether few cells are all numbers; False for many, which Arrow looks at."""
    return len(cells) <= _FEW and all(cell == cell for cell in cells.to_pylist())


def _says_missing(cell: str | None, missing: Sequence[str]) -> bool:
    """Return whether a cell is empty or one of the markers."""
    if cell is None:
        return False
    return not cell or any(_expression(str(marker).strip()).fullmatch(cell) for marker in missing)


@cache
def _expression(marker: str) -> re.Pattern[str]:
    return re.compile(_pattern(marker))


def _pattern(marker: str) -> str:
    """Return the regular expression of a marker; -999 is one also where a table says -999.0."""
    return rf"{marker}(?:\.0*)?" if _WHOLE.fullmatch(marker) else re.escape(marker)

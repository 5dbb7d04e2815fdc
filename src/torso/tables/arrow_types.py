"""Cells that mean "no value", in columns of the common types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

import pyarrow as pa
import pyarrow.compute as pc

from torso.tables.numerals import as_numbers

__all__ = ["normalised"]


def normalised(
    column: pa.ChunkedArray, missing: Sequence[str], *, typed: bool = True
) -> pa.ChunkedArray:
    """Return `column`, null where a cell is missing.

    Args:
        column: of a common type.
        missing: texts that mean "no value", beside the empty cell.
        typed: the cells have types; otherwise text may mean numbers.
    """
    if pa.types.is_large_string(column.type):
        column = _without_missing(pc.utf8_trim_whitespace(column), missing)
        return column if typed or column.null_count == len(column) else as_numbers(column)
    if pa.types.is_float64(column.type):
        column = pc.if_else(pc.is_nan(column), pa.nulls(len(column), column.type), column)
    if pa.types.is_float64(column.type) or pa.types.is_int64(column.type):
        for marker in missing:
            with suppress(ValueError, pa.ArrowInvalid):
                is_marker = pc.equal(column, float(marker))
                column = pc.if_else(is_marker, pa.nulls(len(column), column.type), column)
    return column


def _without_missing(strings: pa.ChunkedArray, missing: Sequence[str]) -> pa.ChunkedArray:
    """Return `strings` with null for empty cells and for the texts that the user calls missing."""
    gone = pc.invert(pc.binary_length(strings).cast(pa.bool_()))
    if missing:
        pattern = "|".join(re.escape(str(marker).strip()) for marker in missing)
        gone = pc.or_(gone, pc.match_substring_regex(strings, f"^(?:{pattern})$"))
    if not pc.any(gone).as_py():
        return strings
    return pc.if_else(gone, pa.nulls(len(strings), strings.type), strings)

"""Columns of any Arrow type, brought to the few types that `torso.tables.table` lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["normalised", "without"]

_WHOLE = re.compile(r"-?[0-9]+")

ArrowColumn = TypeVar("ArrowColumn", pa.Array, pa.ChunkedArray)


def normalised(column: pa.ChunkedArray, missing: Sequence[str]) -> pa.ChunkedArray:
    """Return `column` in one of the common types, null where a cell is missing.

    Args:
        column: of any type.
        missing: texts that mean "no value", beside the empty cell.
    """
    column = _cast(_storage(column))
    if pa.types.is_large_string(column.type):
        return without(pc.utf8_trim_whitespace(column), missing)
    if pa.types.is_float64(column.type):
        column = pc.if_else(pc.is_nan(column), pa.nulls(len(column), column.type), column)
    if pa.types.is_float64(column.type) or pa.types.is_int64(column.type):
        return without(column, missing)
    return column


def without(cells: ArrowColumn, missing: Sequence[str]) -> ArrowColumn:
    """Return `cells`, text or numbers, with null for empty text and for the cells that `missing` lists."""
    if not pa.types.is_large_string(cells.type):
        for marker in missing:
            with suppress(ValueError, pa.ArrowInvalid):
                is_marker = pc.equal(cells, float(marker))
                cells = pc.if_else(is_marker, pa.nulls(len(cells), cells.type), cells)
        return cells
    gone = pc.invert(pc.binary_length(cells).cast(pa.bool_()))
    if missing:
        pattern = "|".join(_pattern(str(marker).strip()) for marker in missing)
        gone = pc.or_(gone, pc.match_substring_regex(cells, f"^(?:{pattern})$"))
    if not pc.any(gone).as_py():
        return cells
    return pc.if_else(gone, pa.nulls(len(cells), cells.type), cells)


def _pattern(marker: str) -> str:
    """Return the regular expression of a marker; -999 is one also where a table says -999.0."""
    return rf"{marker}(?:\.0*)?" if _WHOLE.fullmatch(marker) else re.escape(marker)


def _storage(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return `column` without extension types, dictionaries and run-length codes."""
    if isinstance(column.type, pa.BaseExtensionType):
        chunks = [chunk.storage for chunk in column.chunks]
        return _storage(pa.chunked_array(chunks, column.type.storage_type))
    if pa.types.is_dictionary(column.type):
        plain = _common_type(column.type.value_type)  # views cannot be taken from
        chunks = [chunk.dictionary.cast(plain).take(chunk.indices) for chunk in column.chunks]
        return pa.chunked_array(chunks, plain)
    if pa.types.is_run_end_encoded(column.type):
        chunks = [pc.run_end_decode(chunk) for chunk in column.chunks]
        return _storage(pa.chunked_array(chunks, column.type.value_type))
    return column


def _cast(column: pa.ChunkedArray) -> pa.ChunkedArray:
    common = _common_type(column.type)
    if common == column.type:
        return column
    try:
        return column.cast(common)
    except pa.ArrowInvalid:  # an unsigned integer beyond int64
        return column.cast(pa.float64())


def _common_type(given: pa.DataType) -> pa.DataType:
    types = pa.types
    if types.is_string(given) or types.is_large_string(given) or types.is_string_view(given):
        return pa.large_string()
    if types.is_null(given):
        return pa.large_string()
    if types.is_binary(given) or types.is_fixed_size_binary(given) or types.is_binary_view(given):
        return pa.large_binary()
    if types.is_integer(given):
        return pa.int64()
    if types.is_floating(given) or types.is_decimal(given):
        return pa.float64()
    if types.is_dictionary(given):
        return _common_type(given.value_type)
    if types.is_nested(given) and hasattr(given, "value_type") and not types.is_map(given):
        item = given.value_type
        return pa.list_(pa.float64() if types.is_null(item) else _common_type(item))
    return given

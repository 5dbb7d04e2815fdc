"""Columns of any Arrow type, brought to the few types that `torso.tables.table` lists."""

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
    """Return `column` in one of the common types, null where a cell is missing.

    Args:
        column: of any type.
        missing: texts that mean "no value", beside the empty cell.
        typed: the cells have types; otherwise text may mean numbers.
    """
    column = _cast(_storage(column))
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

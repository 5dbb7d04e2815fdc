"""Columns of any Arrow type, brought to the few types that `torso.tables.table` lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.tables.formats.file_format import first_line
from torso.tables.types.media_cells import is_media, media_bytes, one_type
from torso.tables.types.moments import held_moments
from torso.tables.types.python_cells import REFUSED, python_column
from torso.tables.types.raw_column import Categories, RawColumn, Unreadable

__all__ = ["POLARS_ENUM", "common_column"]

POLARS_ENUM = b"_PL_ENUM_VALUES2"
"""Key of a field's metadata under which polars keeps the values of an Enum."""
_MANY = 100_000  # categories that are not worth a list of their names


def common_column(raw: RawColumn) -> RawColumn:
    """Return a column of a common type, or one that says why it cannot be read."""
    if raw.unreadable is not None or raw.is_settled:
        return raw
    try:
        return _common(raw)
    except (*REFUSED, NotImplementedError) as error:  # of a type that nobody has tried
        marks = pa.array([True] * len(raw.values))
        return RawColumn.without_cells(marks, _no_kind(raw.values, first_line(error), row=0))


def _common(raw: RawColumn) -> RawColumn:
    raw = _valid(raw)
    if raw.unreadable is not None:
        return raw
    storage = _storage(raw)
    values = storage.values
    if is_media(values.type):
        in_samples = any(field.name == "array" for field in values.type)
        return _by_cells(storage) if in_samples else replace(storage, values=one_type(values))
    odd = _odd(values.type)
    if odd:
        return RawColumn.without_cells(values.is_valid(), _no_kind(values, odd))
    if pa.types.is_temporal(values.type):
        moments, note = held_moments(values)
        return replace(storage, values=moments, note=note)
    wanted = _common_type(values.type)
    if wanted == values.type:
        return storage
    if _is_miscast(values.type):
        return _by_cells(storage)
    if pa.types.is_decimal(values.type):  # which Arrow's cast rounds now and then by one bit
        values = values.cast(pa.string())
    with suppress(*REFUSED):
        return replace(storage, values=values.cast(wanted))
    if pa.types.is_integer(values.type):  # beyond int64
        return replace(storage, values=values.cast(pa.uint64()))
    return _by_cells(storage)


def _by_cells(raw: RawColumn) -> RawColumn:
    """Read a column cell by cell, where Arrow knows no cast."""
    column = python_column(raw.values.to_pylist(), at_once=False)
    return column if column.unreadable is not None else _common(column)


def _no_kind(values: pa.ChunkedArray, odd: str, row: int | None = None) -> Unreadable:
    if row is None:
        filled = np.flatnonzero(np.asarray(values.is_valid()))
        row = int(filled[0]) if len(filled) else 0
    given = f"{values.type}"[:80]
    if pa.types.is_struct(values.type) and values.type.num_fields:
        names = ", ".join(field.name for field in values.type)[:60]
        return Unreadable(
            row,
            f"cells of type {given} are no kind of input or target",
            f"Make its fields columns of their own: {names}.",
        )
    reason = f"cells of type {given} are no kind of input or target"
    if odd and odd not in given:
        reason = f"{reason} ({odd[:120]})"
    return Unreadable(row, reason, "Give numbers, texts, dates, lists or bytes instead.")


def _valid(raw: RawColumn) -> RawColumn:
    """Return the column with texts that are UTF-8; unreadable if its buffers do not fit each other."""
    values = raw.values
    if pa.types.is_primitive(values.type):
        return raw
    try:
        values.validate(full=True)
    except pa.ArrowException as error:
        if _is_text(values.type):
            with suppress(*REFUSED):
                return _decoded(raw)
        why = Unreadable(0, f"the cells are damaged: {error}"[:200], "Write the table anew.")
        return RawColumn.without_cells(pa.array([True] * len(values)), why)
    return raw


def _decoded(raw: RawColumn) -> RawColumn:
    """Return texts of which some are not UTF-8, with U+FFFD for the bytes that are none."""
    content = raw.values.cast(pa.large_binary())
    content.validate(full=True)
    cells = content.to_pylist()
    texts = [None if cell is None else cell.decode("utf-8", "replace") for cell in cells]
    broken = sum(
        1
        for cell, text in zip(cells, texts, strict=True)
        if text is not None and cell != text.encode()
    )
    note = f"{broken} texts hold bytes that are not UTF-8, read as U+FFFD"
    return replace(raw, values=pa.chunked_array([pa.array(texts, pa.large_string())]), note=note)


def _storage(raw: RawColumn) -> RawColumn:
    """Return the column without extension types, dictionaries and run-length codes."""
    column = raw.values
    name, facts = _extension(raw)
    if isinstance(column.type, pa.BaseExtensionType):
        chunks = [chunk.storage for chunk in column.chunks]
        if name == "arrow.fixed_shape_tensor":
            return _tensors(raw)
        column = pa.chunked_array(chunks, column.type.storage_type)
        raw = replace(raw, values=column, field=None)
    if name in _SPELLED:
        texts = [_SPELLED[name](cell, facts) for cell in column.to_pylist()]
        return replace(raw, values=pa.chunked_array([pa.array(texts, pa.large_string())]))
    if name == "arrow.bool8":
        return replace(raw, values=column.cast(pa.bool_()))
    if pa.types.is_dictionary(column.type):
        return _decoded_dictionary(raw)
    if pa.types.is_run_end_encoded(column.type):
        chunks = [pc.run_end_decode(chunk) for chunk in column.chunks]
        return _storage(replace(raw, values=pa.chunked_array(chunks, column.type.value_type)))
    return raw


def _extension(raw: RawColumn) -> tuple[str, dict[str, str]]:
    """Return the name of the extension type and its facts, also where Arrow does not know the type."""
    given = raw.values.type
    facts = b""
    if isinstance(given, pa.BaseExtensionType):
        name = given.extension_name
        if isinstance(given, pa.ExtensionType):
            facts = given.__arrow_ext_serialize__()
    else:
        metadata = (raw.field.metadata if raw.field is not None else None) or {}
        name = metadata.get(b"ARROW:extension:name", b"").decode("utf-8", "replace")
        facts = metadata.get(b"ARROW:extension:metadata", b"")
    with suppress(ValueError, RecursionError):
        parsed = json.loads(facts or b"{}")
        return name, parsed if isinstance(parsed, dict) else {}
    return name, {}


def _decoded_dictionary(raw: RawColumn) -> RawColumn:
    """Return the cells of a dictionary, and its categories."""
    column = raw.values.unify_dictionaries() if _unifies(raw.values.type) else raw.values
    metadata = (raw.field.metadata if raw.field is not None else None) or {}
    # An Enum of polars lists its values, and calls any list an order.
    ordered = bool(column.type.ordered) and POLARS_ENUM not in metadata
    parts = []
    for chunk in column.chunks:
        values = common_column(RawColumn.of(chunk.dictionary))
        if values.unreadable is not None:
            return RawColumn.without_cells(raw.values.is_valid(), values.unreadable)
        parts.append((values.values.combine_chunks(), chunk.indices))
    if not parts:
        return replace(raw, values=pa.chunked_array([], _common_type(column.type.value_type)))
    cells = pa.chunked_array([values.take(indices) for values, indices in parts])
    names = parts[0][0]
    known = len(parts) == 1 or _unifies(raw.values.type)
    categories = None
    large = pa.types.is_nested(names.type) or pa.types.is_large_binary(names.type)
    if known and len(names) <= _MANY and not large:
        categories = Categories(tuple(_name(cell) for cell in names.to_pylist()), ordered)
    return replace(raw, values=cells, categories=categories)


def _unifies(given: pa.DictionaryType) -> bool:
    value = given.value_type
    return not (pa.types.is_nested(value) or isinstance(value, pa.BaseExtensionType))


def _name(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _interval(cell: object, facts: dict[str, str]) -> str | None:
    """Return an interval as pandas writes it."""
    if not isinstance(cell, dict):
        return None if cell is None else str(cell)
    closed = facts.get("closed", "right")
    left = "[" if closed in ("left", "both") else "("
    right = "]" if closed in ("right", "both") else ")"
    return f"{left}{cell.get('left')}, {cell.get('right')}{right}"


def _period(cell: int | None, facts: dict[str, str]) -> str | None:
    """Return a period as pandas writes it; its storage counts from 1970."""
    if cell is None:
        return None
    import pandas

    return str(pandas.Period(ordinal=cell, freq=facts.get("freq", "D")))


def _uuid(cell: bytes | None, facts: dict[str, str]) -> str | None:
    del facts
    import uuid

    return None if cell is None else str(uuid.UUID(bytes=cell))


_SPELLED: dict[str, Callable[[Any, dict[str, str]], str | None]] = {
    "pandas.interval": _interval,
    "pandas.period": _period,
    "arrow.uuid": _uuid,
}


def _tensors(raw: RawColumn) -> RawColumn:
    """Return tensors of one shape as lists of lists, or as pictures where they look like pixels."""
    cells: list[object] = []
    for scalar in (scalar for chunk in raw.values.chunks for scalar in chunk):
        cell = scalar.to_numpy() if scalar.is_valid else None
        picture = None if cell is None else media_bytes(cell)
        cells.append(picture if picture is not None or cell is None else cell.tolist())
    return replace(raw, values=python_column(cells).values, field=None)


def _is_text(given: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_string(given) or types.is_large_string(given) or types.is_string_view(given)
    )


def _odd(given: pa.DataType) -> str:
    """Return the type, or the part of it, that no kind reads; empty if there is none."""
    types = pa.types
    if types.is_union(given) or types.is_interval(given):
        return str(given)
    if types.is_map(given) or types.is_struct(given):
        return str(given)
    if not types.is_nested(given):
        return ""
    item = given.value_type
    if types.is_struct(item) or types.is_map(item):  # tags and boxes
        return next((str(f.type) for f in _fields(item) if types.is_union(f.type)), "")
    return _odd(item)


def _is_miscast(given: pa.DataType) -> bool:
    """Return whether Arrow casts lists of a type wrongly: list views, and decimals in lists."""
    types = pa.types
    if types.is_list_view(given) or types.is_large_list_view(given):
        return True
    parts = [field.type for field in _fields(given)]
    return any(types.is_decimal(part) or _is_miscast(part) for part in parts)


def _fields(given: pa.DataType) -> list[pa.Field]:
    return [given.field(index) for index in range(given.num_fields)]


def _common_type(given: pa.DataType) -> pa.DataType:
    types = pa.types
    if _is_text(given) or types.is_null(given):
        return pa.large_string()
    if types.is_binary(given) or types.is_fixed_size_binary(given) or types.is_binary_view(given):
        return pa.large_binary()
    if types.is_integer(given):
        return pa.int64()
    if types.is_floating(given) or types.is_decimal(given):
        return pa.float64()
    if types.is_dictionary(given):
        return _common_type(given.value_type)
    if isinstance(given, pa.BaseExtensionType):
        return _common_type(given.storage_type)
    if types.is_nested(given) and hasattr(given, "value_type") and not types.is_map(given):
        item = given.value_type
        return pa.list_(pa.float64() if types.is_null(item) else _common_type(item))
    return given

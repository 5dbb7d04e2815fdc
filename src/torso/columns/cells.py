"""Cells of an Arrow column as numpy: numbers, texts, times, vectors, sequences.

Each function says which row it could not read, and what to do about it. Distinct values are formatted
once, so a category column costs by its distinct values, not by its rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.tables.missing import says_missing
from torso.tables.table import Column

__all__ = [
    "is_text",
    "not_json",
    "numbers",
    "sequences",
    "text_of",
    "texts",
    "timestamps",
    "vectors",
]


def is_text(values: pa.Array) -> bool:
    """Return whether the cells are strings."""
    return bool(pa.types.is_string(values.type) or pa.types.is_large_string(values.type))


def texts(column: Column) -> pa.Array:
    """Return the cells as strings; 1, 1.0 and "1" become one value, True and "TRUE" another.

    >>> from torso.tables import read_table
    >>> texts(read_table({"x": [1.0, 2.5, None]}).column("x")).to_pylist()
    ['1', '2.5', None]
    """
    values = column.values
    if pa.types.is_nested(values.type) or pa.types.is_large_binary(values.type):
        raise column.error(0, f"expected plain values, found {values.type}")
    # Each distinct value is written once: a column has few, and may have a million rows.
    coded = values if pa.types.is_dictionary(values.type) else pc.dictionary_encode(values)
    names = pa.array([text_of(value) for value in coded.dictionary.to_pylist()], pa.large_string())
    return names.take(coded.indices)


def text_of(value: object) -> str | None:
    """Return the one way that a value is written; None for no value."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return text.lower() if text.lower() in ("true", "false") else text


def numbers(column: Column) -> np.ndarray:
    """Return float64 `[rows]`, NaN where missing; a cell that is not a number is an error."""
    values = column.values
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        floats = pc.cast(values, pa.float64(), safe=False)  # also beyond 2^53
        return np.asarray(floats.to_numpy(zero_copy_only=False))
    if pa.types.is_boolean(values.type):
        return np.asarray(
            pc.cast(values, pa.int8()).cast(pa.float64()).to_numpy(zero_copy_only=False)
        )
    if pa.types.is_null(values.type):
        return np.full(len(values), np.nan)
    if not is_text(values):
        raise column.error(0, f"expected numbers, found {values.type}")
    trimmed = pc.utf8_trim_whitespace(values)
    cleaned = pc.if_else(says_missing(trimmed), pa.scalar(None, values.type), trimmed)
    cleaned = pc.replace_substring_regex(cleaned, r"^\+", "")
    try:
        return np.asarray(pc.cast(cleaned, pa.float64()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:
        row, cell = _first_bad_number(cleaned)
        raise column.error(
            row,
            f"expected a number, found {cell!r}. Correct the cell, or name it a sign for missing with "
            f"--set 'data.missing=[{cell}]', or give the column another kind with "
            f"--set inputs.{column.name}.kind=category (a target: targets.{column.name}.kind)",
        ) from None


def timestamps(column: Column) -> np.ndarray:
    """Return datetime64[us] `[rows]`, NaT where missing; strings should be ISO 8601."""
    values = column.values
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return _naive(values)
    if pa.types.is_null(values.type):
        return np.full(len(values), np.datetime64("NaT", "us"))
    if not is_text(values):
        raise column.error(0, f"expected dates or times, found {values.type}")
    try:
        return _naive(pc.cast(values, pa.timestamp("us")))
    except pa.ArrowInvalid:  # perhaps the cells name a zone
        pass
    try:
        return _naive(pc.cast(values, pa.timestamp("us", tz="UTC")))
    except pa.ArrowInvalid:  # a bad cell, or some cells with a zone and some without
        return np.array([_moment(column, row) for row in range(len(values))], "datetime64[us]")


def _moment(column: Column, row: int) -> np.datetime64:
    cell = column.values[row]
    for zone in (None, "UTC"):
        with suppress(pa.ArrowInvalid):
            return np.datetime64(_naive(pa.array([cell]).cast(pa.timestamp("us", tz=zone)))[0])
    raise column.error(
        row,
        f"expected a date or time like 2024-05-17 or 2024-05-17T12:30:00, found {cell.as_py()!r}. Correct "
        f"the cell, or give the column another kind with --set inputs.{column.name}.kind=text",
    )


def _naive(values: pa.Array) -> np.ndarray:
    plain = pc.cast(values, pa.timestamp("us"), safe=False)
    return np.asarray(plain.to_numpy(zero_copy_only=False)).astype("datetime64[us]")


def vectors(column: Column) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors, which should have one length, and the rows that have one.

    Returns:
        values float64 `[rows, width]`, NaN for a missing number; present bool `[rows]`.
    """
    lists = _lists(column)
    present = np.array([cell is not None for cell in lists], dtype=bool)
    width = next((len(cell) for cell in lists if cell is not None), 0)
    values = np.full((len(lists), width), np.nan)
    for row, cell in enumerate(lists):
        if cell is None:
            continue
        if len(cell) != width:
            raise column.error(row, f"expected a vector of {width} numbers, found {len(cell)}")
        values[row] = _floats(column, row, cell)
    return values, present


def sequences(column: Column, most: int | None = None) -> list[np.ndarray | None]:
    """Return per row float64 `[steps, width]`, cut after `most` steps, or None where missing or empty."""
    sequences: list[np.ndarray | None] = []
    width = 0
    for row, cell in enumerate(_lists(column)):
        if cell is None or len(cell) == 0:
            sequences.append(None)
            continue
        steps = [[step] if np.isscalar(step) else step for step in cell[:most]]
        width = width or len(steps[0])
        ragged = next((len(step) for step in steps if len(step) != width), None)
        if ragged is not None:
            raise column.error(row, f"expected steps of {width} numbers, found one of {ragged}")
        sequences.append(np.stack([_floats(column, row, step) for step in steps]))
    return sequences


def _floats(column: Column, row: int, cell: Sequence[object]) -> np.ndarray:
    try:
        return np.asarray(cell, dtype=np.float64)
    except (TypeError, ValueError):
        raise column.error(row, f"expected a list of numbers, found {str(cell)[:60]!r}") from None


def _lists(column: Column) -> list[Any]:
    """Return one Python list or numpy array per row, None where missing; JSON text is parsed."""
    values = column.values
    if pa.types.is_nested(values.type):
        return list(values.to_pylist())
    if pa.types.is_null(values.type):
        return [None] * len(values)
    if not is_text(values):
        raise column.error(0, f"expected lists of numbers, found {values.type}")
    lists: list[object] = []
    for row, cell in enumerate(values.to_pylist()):
        try:
            parsed = None if cell is None else json.loads(cell)
        except json.JSONDecodeError:
            parsed = cell
        if parsed is not None and not isinstance(parsed, list):
            raise column.error(row, f"expected a list like [1.5, 2, 3], found {str(cell)[:60]!r}")
        lists.append(parsed)
    return lists


def _first_bad_number(values: pa.Array) -> tuple[int, str]:
    """Return the first row whose cell is not a number, and that cell."""
    for row, cell in enumerate(values):
        try:
            cell.cast(pa.float64())
        except pa.ArrowInvalid:
            return row, str(cell)
    raise AssertionError("every cell is a number")


def not_json(cell: object) -> str:
    """Return a hint for a list that Python wrote and not JSON, as pandas does in a CSV; else nothing.

    >>> not_json("[{'start': 0}]")
    '. JSON needs double quotes: write the list with json.dumps'
    """
    wrong = isinstance(cell, str) and cell.lstrip().startswith("[") and "'" in cell
    return ". JSON needs double quotes: write the list with json.dumps" if wrong else ""

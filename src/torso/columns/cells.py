"""Cells of an Arrow column as numpy: numbers, texts, times, vectors, sequences.

A cell that cannot be read counts as missing; a `Reading` notes it, or raises the error that names row and cure.
Distinct values are formatted once, so a category column costs by its distinct values, not by its rows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.reading import Reading
from torso.tables.arrays import as_floats
from torso.tables.missing import may_mean_missing, says_missing
from torso.tables.numbers.number_format import NumberFormat, Numbers
from torso.tables.table import Column

__all__ = [
    "amounts",
    "is_text",
    "not_json",
    "numbers",
    "plain_values",
    "sequences",
    "text_of",
    "texts",
    "vectors",
]

_PLAIN = NumberFormat()


def is_text(values: pa.Array) -> bool:
    """Return whether the cells are strings."""
    return bool(pa.types.is_string(values.type) or pa.types.is_large_string(values.type))


def plain_values(column: Column) -> pa.Array:
    """Return the cells, bytes as the UTF-8 text that some databases keep in them; refuse lists and files."""
    values = column.values
    if pa.types.is_nested(values.type):
        raise column.of_another_type("plain values")
    if not pa.types.is_large_binary(values.type):
        return values
    try:
        return values.cast(pa.large_string())
    except pa.ArrowInvalid:
        raise column.of_another_type("plain values") from None


def texts(column: Column) -> pa.Array:
    """Return the cells as strings; 1, 1.0 and "1" become one value, True and "TRUE" another.

    >>> from torso.tables import read_table
    >>> texts(read_table({"x": [1.0, 2.5, None]}).column("x")).to_pylist()
    ['1', '2.5', None]
    """
    values = plain_values(column)
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


def numbers(
    column: Column, reading: Reading | None = None, form: NumberFormat = _PLAIN
) -> np.ndarray:
    """Return float64 `[rows]`, NaN where missing or unreadable; infinite cells stay.

    Args:
        column: numbers, truth values, or text of numbers.
        reading: where unreadable cells are noted; None for nowhere.
        form: the way that text is written; numbers come in its first unit.
    """
    values = form.in_one_unit(_amounts(column, form))
    _note(column, reading, ~np.isnan(values))
    return values


def amounts(column: Column, reading: Reading, form: NumberFormat) -> Numbers:
    """Return the numbers of a column, unit by unit; unreadable cells are noted in `reading`."""
    read = _amounts(column, form)
    _note(column, reading, read.known)
    return read


def _amounts(column: Column, form: NumberFormat) -> Numbers:
    values = column.values
    if is_text(values):
        return _written(values, form)
    if pa.types.is_boolean(values.type):
        values = pc.cast(values, pa.int8())
    if pa.types.is_null(values.type):
        values = pa.nulls(len(values), pa.float64())
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        raise column.of_another_type("numbers")
    floats = pc.cast(values, pa.float64(), safe=False)  # also beyond 2^53
    return form.of_floats(np.asarray(floats.to_numpy(zero_copy_only=False)))


def _note(column: Column, reading: Reading | None, known: np.ndarray) -> None:
    """Note the cells that hold something and are not `known`."""
    if known.all():
        return
    filled = column.values.is_valid()
    if is_text(column.values):
        filled = pc.and_not_kleene(filled, says_missing(column.values))
    unread = np.flatnonzero(~known & filled.to_numpy(zero_copy_only=False))
    (reading or Reading()).unreadable(column, unread, "a number")


def _written(strings: pa.Array, form: NumberFormat) -> Numbers:
    """Return the numbers of text; true is 1 and false 0, as in a column of truth values."""
    read = form.parse(strings)
    if read.known.all():
        return read
    flags = form.of_floats(as_floats(_truth(strings)))
    gaps = ~read.known[:, None]
    return Numbers(
        np.where(gaps, flags.middle, read.middle), np.where(gaps, flags.width, read.width)
    )


def _truth(strings: pa.Array) -> pa.Array:
    """Return 1 for true and 0 for false, as a column of truth values is read; null for all else."""
    flags = pa.array(["false", "true"], strings.type)
    return pc.index_in(pc.utf8_lower(strings), value_set=flags).cast(pa.float64())


def vectors(
    column: Column, reading: Reading | None = None, width: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors of one length, and the rows that have one.

    Args:
        column: lists of numbers, also as JSON text.
        reading: where unreadable cells are noted; None for nowhere.
        width: numbers of a vector; None for that of most rows.

    Returns:
        values float64 `[rows, width]`, NaN for a missing number; present bool `[rows]`.
    """
    read = [_floats(cell) for cell in _lists(column)]
    width = _usual(len(cell) for cell in read if cell is not None) if width is None else width
    present = np.array([cell is not None and len(cell) == width for cell in read], dtype=bool)
    filled = column.values.is_valid().to_numpy(zero_copy_only=False)
    (reading or Reading()).unreadable(
        column, np.flatnonzero(filled & ~present), f"a list of {width} numbers"
    )
    values = np.full((len(read), width), np.nan)
    for row in np.flatnonzero(present):
        values[row] = read[row]
    return values, present


def sequences(
    column: Column,
    reading: Reading | None = None,
    *,
    most: int | None = None,
    width: int | None = None,
) -> list[np.ndarray | None]:
    """Return per row float64 `[steps, width]`, None where it is missing, empty or unreadable.

    Args:
        column: lists of lists of numbers, also as JSON text.
        reading: where unreadable cells are noted; None for nowhere.
        most: steps after which a row is cut.
        width: numbers of a step; None for that of most rows.
    """
    lists = _lists(column)
    read = [_steps(cell, most) for cell in lists]
    if width is None:
        width = _usual(steps.shape[1] for steps in read if steps is not None)
    rows = [steps if steps is not None and steps.shape[1] == width else None for steps in read]
    unread = [
        row
        for row, (steps, cell) in enumerate(zip(rows, lists, strict=True))
        if steps is None and cell is not None and not (isinstance(cell, list) and not cell)
    ]
    (reading or Reading()).unreadable(column, unread, f"a list of steps of {width} numbers")
    return rows


def _usual(lengths: Iterable[int]) -> int:
    """Return the most frequent length; of several, the first."""
    counts = Counter(lengths)
    return counts.most_common(1)[0][0] if counts else 0


def _steps(cell: object, most: int | None) -> np.ndarray | None:
    if not isinstance(cell, list) or not cell:
        return None
    cut = [[step] if np.isscalar(step) else step for step in cell[:most]]
    width = _usual(len(step) for step in cut if isinstance(step, list | np.ndarray)) or 1
    steps = [np.full(width, np.nan) if step is None else _floats(step) for step in cut]
    known = [step for step in steps if step is not None and len(step) == width]
    return np.stack(known) if len(known) == len(steps) else None


def _floats(cell: object) -> np.ndarray | None:
    """Return a list of numbers as float64; None for anything else."""
    if not isinstance(cell, list | np.ndarray):
        return None
    try:
        floats = np.asarray(cell, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return floats if floats.ndim == 1 else None


def _lists(column: Column) -> list[Any]:
    """Return one list per row, None where missing, text that is no JSON as it stands."""
    values = column.values
    if pa.types.is_nested(values.type):
        return list(values.to_pylist())
    if pa.types.is_null(values.type):
        return [None] * len(values)
    if not is_text(values):
        raise column.of_another_type("lists of numbers")
    return [None if cell is None else _parsed(cell) for cell in values.to_pylist()]


def _parsed(cell: str) -> object:
    """Return the list that JSON text holds; other text as it stands, None for a word that means missing."""
    try:
        parsed = json.loads(cell)
    except (ValueError, RecursionError):
        return None if may_mean_missing(cell) else cell
    return cell if parsed is not None and not isinstance(parsed, list) else parsed


def not_json(cell: object) -> str:
    """Return a hint for a list that Python wrote and not JSON, as pandas does in a CSV; else nothing.

    >>> not_json("[{'start': 0}]")
    '. JSON needs double quotes: write the list with json.dumps'
    """
    wrong = isinstance(cell, str) and cell.lstrip().startswith("[") and "'" in cell
    return ". JSON needs double quotes: write the list with json.dumps" if wrong else ""

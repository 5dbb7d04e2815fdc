"""Cells of a column as moments, and the spelling in which a column writes them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.reading import Reading
from torso.tables.arrays import as_bools, index_array
from torso.tables.dates import DateFormat, FoundDates, find_dates, may_be_moments
from torso.tables.dates.order import has_short_years, pivot_of
from torso.tables.dates.words import says_no_date
from torso.tables.table import Column

__all__ = ["are_moments", "century_of", "moments", "moments_untold", "spelling_of", "told_formats"]

_FIRST_LOOK = 200  # cells that can rule a column out
_CLOCK_DAY = np.datetime64("2000-01-01", "us")  # on which times of day are laid


def are_moments(given: pa.DataType) -> bool:
    """Return whether cells of an Arrow type are dates or times, whose spelling is nobody's concern."""
    types = pa.types
    return bool(types.is_timestamp(given) or types.is_date(given) or types.is_time(given))


def moments(column: Column, spelling: DateFormat, reading: Reading | None = None) -> np.ndarray:
    """Return datetime64[us] `[rows]`, NaT where missing or unreadable.

    A moment with a zone is laid to UTC, a time of day on the first day of 2000.

    Args:
        column: dates, times, or texts or numbers that mean such.
        spelling: of texts and numbers.
        reading: where unreadable cells are noted; None for nowhere.
    """
    values = column.values
    if pa.types.is_time(values.type):
        clock = values.cast(pa.time64("us"), safe=False).cast(pa.int64())
        return _CLOCK_DAY + _micros(clock).astype("m8[us]")
    if are_moments(values.type):
        plain = pc.cast(values, pa.timestamp("us"), safe=False)
        return np.asarray(plain.to_numpy(zero_copy_only=False)).astype("M8[us]")
    if pa.types.is_null(values.type):
        return np.full(len(values), np.datetime64("NaT", "us"))
    if not _may_mean_moments(values.type):
        raise column.of_another_type("dates or times")
    read = spelling.parse(values)
    if not np.isnat(read).any():
        return read
    filled = as_bools(values.is_valid())
    if not _are_numbers(values.type):
        filled &= ~as_bools(says_no_date(values))
    unread = np.flatnonzero(np.isnat(read) & filled)
    (reading or Reading()).unreadable(column, unread, _expected(spelling.formats))
    return read


def spelling_of(column: Column, *, asked: bool = False) -> FoundDates | None:
    """Return how the column spells dates, or None if it holds none.

    Args:
        column: the column; all of its cells decide.
        asked: the user says that they are dates, so numbers need no name that promises them.
    """
    values = column.values
    if not _may_mean_moments(values.type):
        return None
    few = _filled(values.take(index_array(_spread(len(values)))))
    first = find_dates(few, column.name, asked=asked)
    if first is None or len(values) <= _FIRST_LOOK:
        return first
    return find_dates(_filled(values), column.name, asked=asked)


def century_of(column: Column, spelling: DateFormat) -> int:
    """Return the first of the hundred years that the column's years of two digits stand for."""
    short = [form for form in spelling.formats if has_short_years(form)]
    if not short or not _may_mean_moments(column.values.type):
        return spelling.pivot
    return pivot_of(short[0], column.values.drop_null())


def moments_untold(column: Column) -> str:
    """Return the format of numbers that may be times since 1970 though nothing says so; else nothing."""
    values = column.values
    if not _may_mean_moments(values.type):
        return ""
    few = values.take(index_array(_spread(len(values)))).drop_null().to_pylist()
    with suppress(ValueError):  # a text among them is no number
        return may_be_moments([float(cell) for cell in few])
    return ""


def told_formats(formats: Sequence[str]) -> str:
    """Return formats as a sentence lists them; several stand in quotes, as they may hold commas.

    >>> told_formats(["%b-%y", "%Y, %B", "%Y"])
    "'%b-%y', '%Y, %B' or '%Y'"
    """
    if len(formats) == 1:
        return formats[0]
    quotes = [f"'{form}'" for form in formats]
    return f"{', '.join(quotes[:-1])} or {quotes[-1]}"


def _expected(formats: Sequence[str]) -> str:
    return f"a date or time as {told_formats(formats)}"


def _micros(values: pa.Array) -> np.ndarray:
    """Return int64, the least number, which numpy calls NaT, where missing."""
    return np.asarray(values.fill_null(np.iinfo(np.int64).min).to_numpy(zero_copy_only=False))


def _are_numbers(given: pa.DataType) -> bool:
    return bool(pa.types.is_integer(given) or pa.types.is_floating(given))


def _may_mean_moments(given: pa.DataType) -> bool:
    is_text = pa.types.is_string(given) or pa.types.is_large_string(given)
    return bool(is_text or _are_numbers(given))


def _spread(rows: int) -> np.ndarray:
    return np.unique(np.linspace(0, max(0, rows - 1), min(rows, _FIRST_LOOK)).astype(np.int64))


def _filled(values: pa.Array) -> pa.Array:
    """Return the cells that hold something that could be a date."""
    values = values.drop_null()
    if _are_numbers(values.type) or not len(values):
        return values
    return values.filter(pc.invert(says_no_date(values)))

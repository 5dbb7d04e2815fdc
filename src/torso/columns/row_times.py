"""The order of a table's rows in time, for splits that hold out the newest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from torso.columns import cells
from torso.columns.dates import are_moments, moments, spelling_of
from torso.core.errors import DataError
from torso.tables.dates import DateFormat
from torso.tables.table import Column, Table

__all__ = ["RowTimes", "row_times", "split_note"]

_SECONDS = 1_000_000  # microseconds
_LEAST_MOMENTS = 3  # one for each part


@dataclass(frozen=True, eq=False)
class RowTimes:
    """When each row happened.

    Attributes:
        column: that says it.
        values: float64 `[rows]`, microseconds since 1970 or plain numbers; NaN where unknown.
        dates: True for microseconds.
    """

    column: str
    values: np.ndarray
    dates: bool

    def check_several(self, column: Column) -> None:
        """Refuse too few different moments for three parts."""
        moments = len(np.unique(self.values[np.isfinite(self.values)]))
        if moments < _LEAST_MOMENTS:
            raise _no_times(column, f"{moments} different moments")

    def take(self, rows: np.ndarray) -> RowTimes:
        """Return the times of some rows."""
        return replace(self, values=self.values[rows])

    def told(self, value: float) -> str:
        """Return a moment as a message writes it.

        >>> RowTimes("when", np.zeros(1), dates=True).told(86_400_000_000.0)
        '1970-01-02'
        """
        if not self.dates:
            return f"{value:.10g}"
        date, clock = str(np.datetime64(int(value) // _SECONDS, "s")).split("T")
        return date if clock == "00:00:00" else f"{date} {clock}"


def row_times(
    table: Table, name: str, formats: Sequence[str] = (), pivot: int | None = None
) -> RowTimes:
    """Return the times of a table's rows.

    Args:
        table: the table.
        name: column of dates, times with a date, or numbers that grow with time, such as years.
        formats: how texts spell the dates, as of a datetime input; none: found by looking.
        pivot: first of the hundred years that years of two digits stand for; None: found by looking.

    Raises:
        DataError: no such column, or its cells do not say when.
    """
    column = table.column(name)
    if pa.types.is_nested(column.values.type) or pa.types.is_time(column.values.type):
        raise _no_times(column, f"cells of type {column.values.type}")
    if not (are_moments(column.values.type) or cells.is_text(column.values)):
        return _numbers(column)
    spelling = DateFormat(tuple(formats)) if formats else None
    if spelling is None and (dates := spelling_of(column, asked=True)) is not None:
        spelling = dates.spelling
    if spelling is None and not are_moments(column.values.type):
        return _numbers(column)
    spelling = spelling or DateFormat()
    read = moments(column, replace(spelling, pivot=pivot or spelling.pivot))
    known = ~np.isnat(read)
    values = np.where(known, read.astype("M8[us]").astype(np.int64), np.nan).astype(np.float64)
    return _checked(column, RowTimes(name, values, dates=True))


def _numbers(column: Column) -> RowTimes:
    try:
        values = cells.numbers(column)
    except DataError:
        raise _no_times(column, f"cells of type {column.values.type}") from None
    values = np.where(np.isfinite(values), values, np.nan)
    return _checked(column, RowTimes(column.name, values, dates=False))


def _checked(column: Column, times: RowTimes) -> RowTimes:
    known = np.isfinite(times.values)
    filled = len(column.values) - column.values.null_count
    if known.sum() < 0.5 * filled:
        row = int(np.argmax(~known & np.asarray(column.values.is_valid())))
        raise column.error(row, _wanted(f"{column.values[row].as_py()!r}"))
    return times


def _no_times(column: Column, said: str) -> DataError:
    return DataError(f"{column.table}, column {column.name!r}: {_wanted(said)}.")


def _wanted(said: str) -> str:
    return (
        "`data.split.time` should name a column of dates or of numbers that grow with time, such as years, with "
        f"{_LEAST_MOMENTS} different ones at least. Found {said}. Name another column, or take `data.split.time` out"
    )


def split_note(
    parts: Mapping[str, np.ndarray], times: RowTimes, shares: float, group: str | None = None
) -> str:
    """Return the sentence that says where in time the parts lie.

    Args:
        parts: `training`, `validation` and `test` -> their rows.
        times: of all rows.
        shares: of rows that were to be held out.
        group: column whose equal values stay together.
    """
    spans = [_span(name, rows, times) for name, rows in parts.items() if len(rows)]
    note = f"Split by time ({times.column!r}): {', '.join(spans)}."
    rows = np.concatenate([*parts.values()])
    unknown = int((~np.isfinite(times.values[rows])).sum())
    held_out = [own for name, own in parts.items() if name != "training" and len(own)]
    edges = sorted({float(np.nanmin(times.values[own])) for own in held_out})
    tied = [edge for edge in edges if (times.values[rows] == edge).sum() > 1]
    if group is not None:
        note += f" Rows of one {group!r} stay together: the newest of them counts."
    elif tied:
        note += (
            f" Rows of one moment stay together, as those of {' and '.join(map(times.told, tied))} at the edge of a "
            f"part: {sum(map(len, held_out))} rows are held out, the shares ask for {round(shares * (len(rows) - unknown))}."
        )
    if unknown:
        note += (
            f" {unknown} rows without a readable moment are learnt from; none of them is held out."
        )
    return note


def _span(name: str, rows: np.ndarray, times: RowTimes) -> str:
    own = times.values[rows]
    if not np.isfinite(own).any():
        return f"{len(rows)} {name} rows"
    low, high = times.told(np.nanmin(own)), times.told(np.nanmax(own))
    return f"{len(rows)} {name} rows of {low if low == high else f'{low} to {high}'}"

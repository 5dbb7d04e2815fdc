"""Dates and times of Arrow that Python can hold, and durations as seconds."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["held_moments"]

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY = 86_400  # seconds
_YEARS = (
    -719_161 * _DAY,
    2_932_895 * _DAY,
)  # from the second day of year 1 to the last but one of 9999


def held_moments(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, str]:
    """Return dates or times without those beyond Python's, durations as seconds, and a note; else `column`.

    >>> held_moments(pa.chunked_array([pa.array([2**60], pa.timestamp("s"))]))[1]
    '1 cells lie beyond the years 1 to 9999 and count as missing'
    """
    given, note = column.type, ""
    if pa.types.is_duration(given):
        counts = column.cast(pa.int64()).cast(pa.float64(), safe=False)
        return pc.divide(counts, float(_PER_SECOND[given.unit])), "durations are read as seconds"
    if pa.types.is_timestamp(given) and given.tz is not None and not _known(given.tz):
        note = f"the time zone {given.tz!r} is unknown, so its times are read as UTC"
        given = pa.timestamp(given.unit, "UTC")
        column = column.cast(given)
    limits = _limits(given)
    if limits is None:
        return column, note
    counts = column.cast(pa.int32() if pa.types.is_date32(given) else pa.int64())
    beyond = pc.or_(pc.less(counts, limits[0]), pc.greater(counts, limits[1]))
    number = pc.sum(beyond).as_py() or 0
    if number:
        column = pc.if_else(beyond, pa.scalar(None, given), column)
        more = f"{number} cells lie beyond the years 1 to 9999 and count as missing"
        note = f"{note}; {more}" if note else more
    return column, note


def _known(zone: str) -> bool:
    if zone.startswith(("+", "-")):
        return True
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _limits(given: pa.DataType) -> tuple[int, int] | None:
    """Return the least and the largest count of units; None where every count is held."""
    types = pa.types
    if types.is_date32(given):
        return _YEARS[0] // _DAY, _YEARS[1] // _DAY
    if types.is_date64(given):
        return _YEARS[0] * 1000, _YEARS[1] * 1000
    if types.is_timestamp(given) and given.unit != "ns":
        unit = _PER_SECOND[given.unit]
        return _YEARS[0] * unit, _YEARS[1] * unit
    return None

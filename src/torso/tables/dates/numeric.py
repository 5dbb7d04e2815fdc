"""Numbers that mean dates: 20240517, seconds since 1970, days of a spreadsheet.

Any number may be one of these by chance. So 20240517 has to be a valid date in every cell, and the rest also needs a
column's name that says date or time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.tables.arrays import as_floats, as_integers, index_array
from torso.tables.dates.date_format import DateFormat
from torso.tables.dates.naming import order_in_name, says_date
from torso.tables.dates.order import Decision, decide
from torso.tables.dates.shapes import shape_of

__all__ = ["are_numbers", "evenly", "find_numeric", "look_like_dates", "may_be_moments"]

_SAMPLE = 2_000  # distinct numbers
_NEARLY_ALL = 0.98
_CERTAIN = 5  # distinct numbers of eight digits that are all dates are no accident
_MONTHS_CERTAIN = 24  # of six digits, which are months more easily
_YEARS = (np.datetime64("1850-01-01"), np.datetime64("2150-01-01"))
_EPOCHS = {
    "epoch_s": (1e8, 4.2e9),
    "epoch_ms": (1e11, 4.2e12),
    "epoch_us": (1e14, 4.2e15),
    "epoch_ns": (1e17, 4.2e18),
}  # from 1973 to 2103
_EXCEL = (10_000.0, 80_000.0)  # from 1927 to 2119


def evenly(cells: pa.Array, most: int) -> pa.Array:
    """Return at most `most` of the cells, evenly spread."""
    if len(cells) <= most:
        return cells
    return cells.take(index_array(np.linspace(0, len(cells) - 1, most)))


def are_numbers(texts: pa.Array) -> bool:
    """Return whether nearly all texts are digits, perhaps with a point."""
    plain = pc.match_substring_regex(texts, r"^\d+(?:\.\d*)?$")
    return bool((pc.mean(plain.cast(pa.int8())).as_py() or 0.0) >= _NEARLY_ALL)


def find_numeric(cells: pa.Array, name: str, asked: bool = False) -> Decision | None:
    """Return the format that numbers are dates in, or None.

    Args:
        cells: the column's numbers, or texts of digits, all filled.
        name: of the column.
        asked: the user calls them dates.
    """
    promised = asked or says_date(name)
    distinct = evenly(pc.unique(cells), _SAMPLE)
    texts = _digits(distinct)
    decision = None
    if texts is not None:
        decision = _calendar(texts, _digits(cells), promised, order_in_name(name))
    if decision is None and promised:
        decision = _counted(distinct)
    if decision is None and asked and _are_years(distinct):
        decision = Decision("%Y")
    return decision


def _are_years(cells: pa.Array) -> bool:
    moments = DateFormat(("%Y",)).parse(cells)
    return bool(((moments >= _YEARS[0]) & (moments < _YEARS[1])).mean() >= _NEARLY_ALL)


def may_be_moments(values: Sequence[float]) -> str:
    """Return the unit of numbers that may be times since 1970, though no name says so; else nothing.

    Only whole numbers between 2000 and 2040 are taken for such.

    >>> may_be_moments([1715900000, 1715986400])
    'epoch_s'
    """
    for form, scale in (
        ("epoch_s", 1),
        ("epoch_ms", 10**3),
        ("epoch_us", 10**6),
        ("epoch_ns", 10**9),
    ):
        if values and all(
            9.467e8 <= value / scale < 2.209e9 and value % 1 == 0 for value in values
        ):
            return form
    return ""


def look_like_dates(cells: Sequence[object]) -> bool:
    """Return whether nearly all of a few numbers have the digits of a date, such as 20240517."""
    digits = [_whole(cell) for cell in cells]
    return sum(map(_is_calendar, digits)) >= _NEARLY_ALL * len(digits)


def _whole(cell: object) -> str:
    """Return the digits of a whole number from 0; nothing for another."""
    text = str(cell).strip().removesuffix(".0")
    return text if text.isascii() and text.isdigit() else ""


def _is_calendar(digits: str) -> bool:
    if len(digits) == 6:
        return _is_day(digits[:4], digits[4:], "1")
    if len(digits) in (8, 12, 14):
        day = digits[:8]
        orders = (
            (day[:4], day[4:6], day[6:]),
            (day[4:], day[:2], day[2:4]),
            (day[4:], day[2:4], day[:2]),
        )
        return any(_is_day(*parts) for parts in orders)
    return False


def _is_day(year: str, month: str, day: str) -> bool:
    return 1850 <= int(year) < 2150 and 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def _digits(cells: pa.Array) -> pa.Array | None:
    """Return the whole numbers as digits; None if some are not whole."""
    if pa.types.is_floating(cells.type):
        if not pc.all(pc.equal(cells, pc.floor(cells))).as_py() or pc.max(cells).as_py() >= 2**53:
            return None
        cells = cells.cast(pa.int64())
    texts = cells.cast(pa.large_string())
    size = pc.utf8_length(texts)
    share = np.isin(as_integers(size), (6, 7, 8, 12, 14)).mean() if len(size) else 0.0
    return texts if share >= _NEARLY_ALL else None


def _calendar(texts: pa.Array, cells: pa.Array, promised: bool, hint: str) -> Decision | None:
    """Return the format of numbers such as 20240517, which must be dates nearly all."""
    sizes = pc.utf8_length(texts)
    size = pc.mode(sizes)[0]["mode"].as_py()
    shape = shape_of("1" * size)
    forms = _plausible(shape.formats if shape is not None else (), texts, size, promised)
    return decide(forms, texts, cells, hint) if forms else None


def _plausible(forms: Sequence[str], texts: pa.Array, size: int, promised: bool) -> list[str]:
    """Return the formats in which nearly all numbers are dates of our times, if that is no accident."""
    few = len(texts) < (_MONTHS_CERTAIN if size == 6 else _CERTAIN)
    if (few or (size == 6 and forms != ("%Y%m",))) and not promised:
        forms = forms[:1] if size == 6 and not few else ()
    kept = []
    for form in forms:
        moments = DateFormat((form,)).parse(texts)
        inside = (moments >= _YEARS[0]) & (moments < _YEARS[1])
        if inside.mean() >= _NEARLY_ALL:
            kept.append(form)
    return kept


def _counted(cells: pa.Array) -> Decision | None:
    """Return the unit of times since 1970 or of a spreadsheet's days, by the size of the numbers."""
    if not (pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type)):
        plain = pc.match_substring_regex(cells, r"^\d{1,19}(?:\.\d*)?$")
        cells = cells.filter(plain).cast(pa.float64())
    values = as_floats(cells.cast(pa.float64(), safe=False))
    if not len(values):
        return None
    low, high = np.quantile(values, (0.02, 0.98))
    for form, (least, most) in {**_EPOCHS, "excel": _EXCEL}.items():
        if least <= low and high <= most:
            return Decision(form)
    return None

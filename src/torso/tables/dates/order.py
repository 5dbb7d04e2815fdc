"""Day or month first? All cells of the column settle together which order a shape has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from torso.tables.dates.date_format import PIVOT, DateFormat
from torso.tables.dates.patterns import NUMERIC, compiled

__all__ = ["Decision", "decide", "has_short_years", "pivot_of"]

_READABLE = 0.9  # share of a shape's cells that its format must read
_IN_ORDER = 0.98  # share of the steps from row to row that go one way, in a table sorted by date


_MANY_YEARS, _NEIGHBOURS, _A_GAP = 10, 3, 8


@dataclass(frozen=True)
class Decision:
    """The format that reads a shape's cells.

    Attributes:
        form: the format.
        other: a format that would read them as well; empty if the cells settle it.
        why: the reason for the choice where cells do not settle it.
    """

    form: str
    other: str = ""
    why: str = ""


def decide(forms: Sequence[str], sample: pa.Array, cells: pa.Array, hint: str) -> Decision | None:
    """Return which of the formats reads the cells of a shape, or None if none does.

    Args:
        forms: that the shape leaves open.
        sample: cells of this shape.
        cells: the whole column, asked where the sample leaves two formats open.
        hint: the order of day, month and year that something else says, such as `dmy`; or nothing.
    """
    read = {form: _count(form, sample) for form in forms}
    most = max(read.values())
    if most < _READABLE * len(sample):
        return None
    tied = [form for form in forms if read[form] == most]
    if len(tied) > 1:
        read = {form: _count(form, cells) for form in tied}
        tied = [form for form in tied if read[form] == max(read.values())]
    if len(tied) == 1:
        return Decision(tied[0])
    return _by_evidence(tied, cells, hint)


def _count(form: str, cells: pa.Array) -> int:
    return int(np.count_nonzero(~np.isnat(DateFormat((form,)).parse(cells))))


def _by_evidence(tied: Sequence[str], cells: pa.Array, hint: str) -> Decision:
    """Choose among formats that read the same cells."""
    hinted = [form for form in tied if hint and compiled(form).parts.lower() == hint]
    if hinted:
        return Decision(hinted[0])
    moments = {form: _known(DateFormat((form,)).parse(cells)) for form in tied}
    named = [form for form in tied if compiled(form).parts == "dBy"]
    if named:  # 17-May-24 is hardly ever of 2017
        return Decision(named[0])
    for evidence, why in (
        (_firsts_of_months, "the first of months"),
        (_in_order, "rows in order"),
        (_days_vary, "more days than years"),
    ):
        fitting = [form for form in tied if evidence(moments[form])]
        if len(fitting) == 1:
            other = next(form for form in tied if form != fitting[0])
            return Decision(fitting[0], other, f"which makes {why}")
    usual = [form for form in tied if _is_usual(form)]
    form = (usual or list(tied))[0]
    other = next(other for other in tied if other != form)
    return Decision(form, other, "as is usual with such signs")


def _known(moments: np.ndarray) -> np.ndarray:
    return np.asarray(moments[~np.isnat(moments)])


def _firsts_of_months(moments: np.ndarray) -> bool:
    days = moments.astype("M8[D]")
    months = np.unique(days.astype("M8[M]"))
    return len(months) > 2 and bool((days == days.astype("M8[M]")).all())


def _in_order(moments: np.ndarray) -> bool:
    steps = np.diff(moments.astype(np.int64))
    if np.count_nonzero(steps) < 5:
        return False
    return bool(max((steps >= 0).mean(), (steps <= 0).mean()) >= _IN_ORDER)


def _days_vary(moments: np.ndarray) -> bool:
    days = moments.astype("M8[D]") - moments.astype("M8[M]").astype("M8[D]")
    return len(np.unique(days)) > len(np.unique(moments.astype("M8[Y]")))


def _is_usual(form: str) -> bool:
    """Return whether a format is the usual one with its signs: 12/31/2024 in America, 31.12.2024 elsewhere."""
    parts = compiled(form).parts.lower()
    if parts in ("by", "bd"):
        return (parts == "by") == any(sign in form for sign in "-/.")
    if parts in ("db", "yb"):
        return parts == "db"
    return parts == ("mdy" if "/" in form or "%m%d" in form else "dmy")


def has_short_years(form: str) -> bool:
    """Return whether a format has years of two digits."""
    return form not in NUMERIC and "y" in compiled(form).parts


def pivot_of(form: str, cells: pa.Array) -> int:
    """Return the first of the hundred years that years of two digits stand for.

    `PIVOT`, unless it would cut years that follow each other: then they begin behind the widest gap.
    """
    moments = _known(DateFormat((form,), 2000).parse(cells))
    years = np.unique((moments.astype("M8[Y]").astype(np.int64) + 1970) % 100)
    if len(years) < _MANY_YEARS:
        return PIVOT
    gaps = np.diff(years, append=years[0] + 100)  # behind each year
    widest = int(gaps.argmax())
    cut = int(gaps[np.searchsorted(years, PIVOT % 100) - 1])  # around the default
    start = int(years[(widest + 1) % len(years)])
    moves = cut <= _NEIGHBOURS and gaps[widest] >= _A_GAP and start < PIVOT % 100
    return 1900 + start if moves else PIVOT

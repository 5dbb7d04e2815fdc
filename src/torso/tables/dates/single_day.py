"""A day in a cell of its own, as servers ask about: Python reads it sooner than a column of one cell is set up."""

from __future__ import annotations

import datetime
import re

import numpy as np

from torso.tables.dates.patterns import Pattern
from torso.tables.dates.words import MONTHS
from torso.tables.expressions import groups_of

__all__ = ["single_day"]

_SIMPLE = re.compile(r"[A-Za-z0-9 ,./-]+")
_DAYS = frozenset({"Y", "m", "d"}), frozenset({"Y", "B", "d"})


def single_day(cell: str, pattern: Pattern) -> np.datetime64 | None:
    """Return the day that a cell says by its year, month and day alone; None for any other cell.

    >>> from torso.tables.dates.patterns import compiled
    >>> single_day("March 7th, 2014", compiled("%B %d, %Y")), single_day("soon", compiled("%B %d, %Y"))
    (np.datetime64('2014-03-07T00:00:00.000000'), None)
    """
    if _SIMPLE.fullmatch(cell) is None:
        return None
    said: dict[str, int] = {}
    for name, text in groups_of(" ".join(cell.lower().split()), pattern.regex).items():
        if text:
            said[name[0]] = MONTHS.get(text, 0) if name[0] == "B" else int(text)
    if said.keys() not in _DAYS:
        return None
    try:
        day = datetime.date(said["Y"], said.get("m", said.get("B", 0)), said["d"])
    except ValueError:  # there is no such day
        return None
    return np.datetime64(day, "us")

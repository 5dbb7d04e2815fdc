"""Texts of strangers on a terminal: cells, names of columns and files never move its cursor or turn its words around."""

from __future__ import annotations

import re

__all__ = ["printable"]

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # all but tab and the end of a line; some terminals obey \x9b as they do ESC [
    "\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # marks that let later words stand before earlier ones
)


def printable(text: str) -> str:
    r"""Return a text without control signs and marks of direction, so that a terminal shows it as it is.

    >>> printable("\x1b[31mred\x07 as it is")
    '[31mred as it is'
    """
    return _CONTROL.sub("", text)

"""Durations as computers write them, in seconds: `PT3H20M` of ISO 8601, `1 days 03:20:00` of pandas and Python."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["in_seconds"]

_NUMBER = r"\d+(?:[.,]\d+)?"
_ISO = (
    rf"(?:P(?:(?P<w>{_NUMBER})W)?(?:(?P<d>{_NUMBER})D)?"
    rf"(?:T(?:(?P<h>{_NUMBER})H)?(?:(?P<m>{_NUMBER})M)?(?:(?P<s>{_NUMBER})S)?)?)"
)
_DAYS = r"(?:(?P<d2>\d+) days?,? (?:(?P<sign2>[+-])?(?P<h2>\d{1,2}):(?P<m2>\d{2}):(?P<s2>\d{2}(?:\.\d+)?))?)"
_DURATION = rf"^(?P<sign>-)?(?:{_ISO}|{_DAYS})$"
_CANDIDATE = r"^-?P(?:T|\d)[\dTWDHMS.,]*[WDHMS]$|^-?\d+ days?,? [+-]?\d{1,2}:\d{2}:\d{2}"
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}


def in_seconds(strings: pa.Array) -> pa.Array:
    """Return texts with such durations as seconds, `12000 s`; other texts stay.

    >>> in_seconds(pa.array(["PT3H20M", "1 days 03:20:00", "3 h"])).to_pylist()
    ['12000 s', '98400 s', '3 h']
    """
    likely = pc.match_substring_regex(strings, _CANDIDATE)
    if not pc.any(likely).as_py():
        return strings
    distinct = pc.dictionary_encode(strings)
    texts = [_seconds(text) for text in _groups(distinct.dictionary)]
    written = [
        text or old for text, old in zip(texts, distinct.dictionary.to_pylist(), strict=True)
    ]
    return pa.array(written, strings.type).take(distinct.indices)


def _groups(strings: pa.Array) -> list[dict[str, str] | None]:
    matches: list[dict[str, str] | None] = pc.extract_regex(strings, pattern=_DURATION).to_pylist()
    return matches


def _seconds(groups: dict[str, str] | None) -> str:
    """Return the duration as text; nothing where a text is none."""
    if groups is None or not any(groups.values()):
        return ""
    parts = [
        _SECONDS[name[0]] * float(value.replace(",", "."))
        for name, value in groups.items()
        if value and not name.startswith("sign")
    ]
    # Of -1 days +23:00:00, which Python writes, the clock counts upwards.
    days, clock = parts[0], sum(parts[1:])
    total = -days + clock if groups["sign"] and groups["sign2"] == "+" else days + clock
    negative = groups["sign"] and groups["sign2"] != "+"
    return f"{np.format_float_positional(-total if negative else total, trim='-')} s"

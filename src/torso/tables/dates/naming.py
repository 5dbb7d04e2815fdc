"""Names of columns that promise a date, a time of day or a duration."""

from __future__ import annotations

import re

__all__ = ["order_in_name", "says_date", "says_duration", "says_time"]

_DATE = frozenset(
    [
        "date",
        "dates",
        "datetime",
        "timestamp",
        "timestamps",
        "ts",
        "dt",
        "epoch",
        "unix",
        "day",
        "month",
        "period",
        "created",
        "updated",
        "modified",
        "published",
        "posted",
        "registered",
        "born",
        "birth",
        "birthday",
        "dob",
        "since",
        "expires",
        "expiry",
        "expiration",
        "due",
        "deadline",
        "at",
        "when",
        "datum",
        "fecha",
        "jour",
        "tag",
        "geburtstag",
        "geburtsdatum",
        "stichtag",
        "zeitpunkt",
        "zeitstempel",
        "data",
        "dia",
    ]
)
_TIME = frozenset(
    [
        "time",
        "times",
        "hour",
        "clock",
        "timestamp",
        "uhrzeit",
        "zeit",
        "uhr",
        "hora",
        "heure",
        "ora",
        "arrival",
        "departure",
        "opening",
        "closing",
        "opens",
        "closes",
        "at",
        "when",
        "pickup",
        "dropoff",
    ]
)
_DURATION = frozenset(
    [
        "duration",
        "durations",
        "length",
        "runtime",
        "elapsed",
        "lap",
        "laps",
        "pace",
        "dauer",
        "duree",
        "duracion",
        "took",
        "taken",
        "split",
        "delay",
        "remaining",
        "uptime",
        "interval",
    ]
)
_SIGNS_OF_DATE = ("日期", "时间", "時間", "日時", "年月", "날짜")


def _words(name: str) -> set[str]:
    """Return the words of a name, also of one written in camel case."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def says_date(name: str) -> bool:
    """Return whether a column's name promises dates or moments.

    >>> [says_date(name) for name in ("createdAt", "Grading.Date", "rate")]
    [True, True, False]
    """
    if any(sign in name for sign in _SIGNS_OF_DATE):
        return True
    words = _words(name)
    return bool(words & _DATE) or ("time" in words and not says_duration(name))


def says_time(name: str) -> bool:
    """Return whether a column's name promises times of day."""
    return not says_duration(name) and (bool(_words(name) & _TIME) or "时" in name)


def says_duration(name: str) -> bool:
    """Return whether a column's name promises durations."""
    return bool(_words(name) & _DURATION)


def order_in_name(name: str) -> str:
    """Return the order of day, month and year that a name spells out, as in `date (dd/mm/yyyy)`; else nothing."""
    match = re.search(
        r"(?<![a-z])(d{1,2}|m{1,2}|y{2,4})[-/. ]?(d{1,2}|m{1,2})[-/. ]?(y{2,4}|d{1,2})(?![a-z])",
        name.lower(),
    )
    return "" if match is None else "".join(part[0] for part in match.groups())

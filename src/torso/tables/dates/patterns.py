"""A date format such as `%d.%m.%Y %H:%M` as a regular expression that reads whole cells.

Directives are those of `strptime`, and `%q` for a quarter. A format says how the date is written and where a clock
stands (by default behind the date). The clock may be there or not, with or without seconds, fractions and a zone: it
can be read in one way only. Months have their names in sixteen languages; weekdays are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from torso.core.errors import ConfigError
from torso.tables.dates.words import FILLERS, HALVES, UNITS, WEEKDAYS, ZONES, plain_text

__all__ = ["ISO", "NUMERIC", "ZONE", "Pattern", "clocks", "compiled", "is_format"]

ISO = "%Y-%m-%d"
"""The format of a column that says nothing else; the signs may also be slashes or points."""
NUMERIC = ("epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "excel")
"""Formats of numbers: time since 1970 in a unit, and the days of a spreadsheet."""

Token = tuple[str, str]
"""A directive's letter and nothing, or nothing and the text between directives."""

_LONG = {"%F": "%Y-%m-%d", "%D": "%m/%d/%y", "%T": "%H:%M:%S", "%R": "%H:%M"}
_SAME = {"b": "B", "h": "B", "A": "a", "e": "d", "I": "H", "Z": "z"}
_CLOCK = frozenset("HMSfpz")
_DATE_PARTS = [
    "Ymd",
    "ymd",
    "YBd",
    "yBd",
    "Ym",
    "ym",
    "YB",
    "yB",
    "Y",
    "Bd",
    "md",
    "Yj",
    "GV",
    "GVu",
    "Yq",
    "yq",
]
_WIDTHS = {
    "Y": r"\d{4}",
    "G": r"\d{4}",
    "y": r"\d{2}",
    "m": r"\d{1,2}",
    "d": r"\d{1,2}",
    "j": r"\d{3}",
    "V": r"\d{1,2}",
    "u": "[1-7]",
    "q": "[1-4]",
    "B": r"\p{L}+",
}


def _any_of(words: Iterable[str]) -> str:
    return "(?:" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + ")"


_H, _M, _S = (_any_of([sign for sign in UNITS if UNITS[sign] == part]) for part in "HMS")
_FIRST = _any_of([word for word in HALVES if not word.isascii()])  # 下午3:30
_LAST = _any_of([word for word in HALVES if word.isascii()])  # 3:30 pm
_WEEKDAY = _any_of(WEEKDAYS)
_OPENING = rf"(?:{_WEEKDAY}[., ]+)?(?:(?:the|le|den|el|am) )?"
_CLOSING = rf"(?:[ ,]*\(?(?:{_WEEKDAY}|[月火水木金土日])\)?)?"
_AMONG_NAMES = rf"(?:[-/., ]+|\b{_any_of(FILLERS)}\b)"
_ORDINAL = r"(?:(?:st|nd|rd|th|er|e|o|a)\b)?"
_REGION = r"[a-z]+(?:/[a-z +-]+)+"
ZONE = (
    rf" ?(?P<z>(?:{_any_of(ZONES)}\b)?(?:[+-]\d{{1,2}}(?::?\d{{2}})?)?"
    rf"(?: ?[(\[][^()\[\]]+[)\]]| (?:{_any_of(ZONES)}\b|{_REGION}))?|{_REGION})"
)


# Groups have numbers, as a name can stand only once in an expression.
def clocks(signs: str = ":.h") -> tuple[str, ...]:
    """Return expressions of a time of day, with one of `signs` behind the hour."""
    return (
        rf"(?:(?P<p1>{_FIRST}) ?)?(?P<H1>\d{{1,2}}) ?(?:[{signs}]|{_H}) ?(?P<M1>\d{{2}})"
        rf"(?: ?(?:[{signs[:-1]}m]|{_M}) ?(?P<S1>\d{{2}})(?:[.,:](?P<f1>\d+))?)?"
        rf"(?: ?(?:{_M}|{_S}))?(?: ?(?P<p2>{_LAST}))?(?: ?(?:uhr|hrs|h))?",
        rf"(?P<H2>\d{{1,2}}) ?(?P<p3>{_LAST})",
        rf"(?P<p4>{_FIRST}) ?(?P<H3>\d{{1,2}}) ?{_H}?",
        rf"(?P<H4>\d{{1,2}}) ?(?:uhr|h|{_H})",
    )


_CLOCKS = clocks()
_COMPACT = r"(?P<H5>\d{2})(?P<M5>\d{2})(?:(?P<S5>\d{2})(?:[.,]?(?P<f5>\d+))?)?"
_JOINT = r"(?:[ ,t:/-]+|\b(?:at|um|a|a las|klo|kl)\b)"


@dataclass(frozen=True)
class Pattern:
    """A format that can read cells.

    Attributes:
        regex: of a whole cell in plain text; its groups are the letters of the directives, those of a clock numbered.
        with_weekday: the same for a cell that also names the weekday, which takes long to prepare; empty for a clock.
        has_date: the format says a date, not a time of day alone.
        parts: letters of the date's parts, in their order.
    """

    regex: str
    with_weekday: str
    has_date: bool
    parts: str


@cache
def compiled(form: str) -> Pattern:
    """Return the pattern of a format.

    >>> compiled("%d.%m.%y").parts
    'dmy'

    Raises:
        ConfigError: an unknown directive, one that stands twice, or parts that make no date.
    """
    tokens = _tokens(form)
    letters = "".join(letter for letter, _ in tokens)
    parts = "".join(letter for letter in letters if letter not in _CLOCK)
    if len(set(letters)) < len(letters):
        raise _wrong(form, "a part stands twice")
    if parts and sorted(parts) not in map(sorted, _DATE_PARTS):
        raise _wrong(form, "its parts make no date")
    if not parts:
        if "H" not in letters:
            raise _wrong(form, "it says no date and no hour")
        return Pattern(f"^(?:{'|'.join(_CLOCKS)})(?: ?(?P<z>z|utc|gmt))?$", "", False, "")
    bare, full = (_whole(form, tokens, *ends) for ends in (("", ""), (_OPENING, _CLOSING)))
    return Pattern(f"^{bare}$", f"^{full}$", True, parts)


def is_format(form: str) -> bool:
    """Return whether a text is a format of dates or times."""
    try:
        compiled(form)
    except ConfigError:
        return False
    return True


def _whole(form: str, tokens: Sequence[Token], opening: str, closing: str) -> str:
    """Return the expression of a date with a clock before, within or behind it."""
    places = [place for place, (letter, _) in enumerate(tokens) if letter and letter in _CLOCK]
    start, end = (places[0], places[-1] + 1) if places else (len(tokens), len(tokens))
    if any(letter and letter not in _CLOCK for letter, _ in tokens[start:end]):
        raise _wrong(form, "the parts of its clock stand apart")
    tokens = [token for place, token in enumerate(tokens) if not start <= place < end or token[0]]
    before = _stripped(list(tokens[:start]))
    after = _stripped([token for token in tokens[start:] if token[0] not in _CLOCK or not token[0]])
    dense = all(letter for letter, _ in before) and len(before) > 1
    clocks = "|".join((*_CLOCKS, _COMPACT) if dense else (*_CLOCKS, r"(?P<H6>\d{2})"))
    clock = f"(?:(?:{clocks})(?:{ZONE})?)"
    if not before:
        return rf"(?:{clock}[ ,-]*(?:on )?)?{opening}{_date(after)}{closing}"
    joint = f"{_JOINT}*" if dense or not before[-1][0] else f"{_JOINT}+"
    if after:
        return rf"{opening}{_date(before)}(?:{joint}{clock})?[ ,]+{_date(after)}"
    return rf"{opening}{_date(before)}\.?{closing}(?:{joint}{clock})?"


def _date(tokens: Sequence[Token]) -> str:
    """Return the expression of the date's parts and the signs between them."""
    letters = [letter for letter, _ in tokens if letter]
    named = "B" in letters
    signs = "".join(text for _, text in tokens)
    by_size = letters in (["Y", "m", "d"], ["Y", "B", "d"]) and not set(signs) - set("-/. ")
    regex = ""
    for place, (letter, text) in enumerate(tokens):
        previous = tokens[place - 1][0] if place else ""
        following = tokens[place + 1][0] if place + 1 < len(tokens) else ""
        if letter:
            if previous and "B" in (letter, previous):
                regex += f"{_AMONG_NAMES}*"
            tight = (previous or following) and "B" not in (previous, following)
            width = r"\d{2}" if tight and place and letter in "md" else _WIDTHS[letter]
            regex += f"(?P<{letter}>{width})" + (_ORDINAL if named and letter == "d" else "")
        elif named and not re.sub(rf"[-/., ]|\b{_any_of(FILLERS)}\b", "", text):
            regex += f"{_AMONG_NAMES}{'*' if 'B' in (previous, following) else '+'}"
        elif by_size:
            regex += " ?[-/. ] ?"
        else:
            regex += f" ?{re.escape(text.strip())} ?" if text.strip() else " "
    return regex


def _stripped(tokens: list[Token]) -> list[Token]:
    """Return the tokens without a space or comma at either end, which the joints allow for."""
    while tokens and not tokens[-1][0] and not tokens[-1][1].strip(" ,t:"):
        tokens = tokens[:-1]
    while tokens and not tokens[0][0] and not tokens[0][1].strip(" ,"):
        tokens = tokens[1:]
    return tokens


def _tokens(form: str) -> list[Token]:
    """Return the directives of a format, and the plain texts between them; weekdays are left out."""
    for short, long in _LONG.items():
        form = form.replace(short, long)
    tokens: list[Token] = []
    for directive, text in re.findall(r"%[-#]?(.)|([^%]+)", form):
        letter = _SAME.get(directive, directive)
        if directive and letter not in (*_WIDTHS, *_CLOCK, "a"):
            raise _wrong(form, f"%{directive} is unknown")
        if not letter:
            text = plain_text(f"|{text}|")[1:-1]  # spaces at the ends stay
        tokens.append((letter, text))
    return _without_weekday(tokens)


def _without_weekday(tokens: list[Token]) -> list[Token]:
    place = next((place for place, (letter, _) in enumerate(tokens) if letter == "a"), None)
    if place is None:
        return tokens
    before, after = tokens[:place], tokens[place + 1 :]
    if before and not before[-1][0]:
        before[-1] = ("", before[-1][1].rstrip("( ,"))
    if after and not after[0][0]:
        after[0] = ("", after[0][1].lstrip(")., "))
    return [token for token in (*before, *after) if token != ("", "")]


def _wrong(form: str, rule: str) -> ConfigError:
    return ConfigError(
        f"format: {form!r} is no date format: {rule}. Write it as %d.%m.%Y or %Y-%m-%d %H:%M, with %Y year, %y year of "
        f"two digits, %m month, %b its name, %d day, %H hour, %M minute, %S second, %p am or pm, %z zone; or name one "
        f"of {', '.join(NUMERIC)}"
    )

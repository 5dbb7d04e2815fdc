"""The shape of a cell that may be a date, and the formats that a shape leaves open.

`17/05/2024` has the shape of two short numbers and a year: day or month comes first. Which one, the column decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from torso.tables.dates.patterns import ISO, ZONE, clocks, is_format
from torso.tables.dates.words import FILLERS, MONTHS, UNITS, WEEKDAYS

__all__ = ["Shape", "shape_of"]

_LONGEST = 60  # characters
_CLOCK = re.compile(
    rf"(?:(?<=\d{{4}}:)|(?<![\d.:]))(?:{'|'.join(clocks(':h'))})(?![\d:])(?:{ZONE}(?![\w/]))?",
    re.ASCII,
)
_DOTTED = re.compile(
    r"^((?:\d{1,2}[-/.]){2}\d{4}|\d{4}([-/.])\d{1,2}\2\d{1,2})[ ,-]+\d{1,2}\.\d{2}(?:\.\d{2}(?:\.\d+)?)?$",
    re.ASCII,
)  # 17.05.2024 12.30
_COMPACT = re.compile(rf"^(\d{{8}})(?:t| |-)(?:\d{{6}}(?:[.,]\d+)?|\d{{4}})(?:{ZONE})?$", re.ASCII)
_HOUR = re.compile(rf"^(\d{{4}}-\d{{1,2}}-\d{{1,2}})t\d{{2}}(?:{ZONE})?$", re.ASCII)
_JOINT = re.compile(r"(?:[ ,:/-]|(?<=[\d日일])t|\b(?:at|um|a|las|klo|kl|on))+$")
_TOKEN = re.compile(r"\d+|[^\W\d_]+|.", re.ASCII)
_ORDINALS = frozenset(("st", "nd", "rd", "th", "er", "e", "o", "a"))
_QUARTER = re.compile(
    r"(?P<Y1>\d{4}|\d{2})[-/. ]?q(?P<q1>[1-4])|q(?P<q2>[1-4])[-/. ]*(?P<Y2>\d{4}|\d{2})"
    r"|(?P<q3>[1-4])\.? ?(?:quarter|quartal|trimestre|q|t)[-/. ]*(?P<Y3>\d{4}|\d{2})",
    re.ASCII,
)
_WEEK = re.compile(
    r"(?P<G1>\d{4})[-/. ]?(?:w|kw|week) ?(?P<V1>\d{1,2})(?:-(?P<u1>[1-7]))?"
    r"|(?:w|kw|week) ?(?P<V2>\d{1,2})[-/. ]+(?P<G2>\d{4})",
    re.ASCII,
)

# Directives for the fields of a shape: y four digits, d one or two, B a name of a month, other numbers by their length.
_ROLES = {
    "ydd": ["Ymd"],
    "ddy": ["dmY", "mdY"],
    "ddd": ["dmy", "mdy", "ymd"],
    "yd": ["Ym"],
    "dy": ["mY"],
    "dBy": ["dBY"],
    "Bdy": ["BdY"],
    "yBd": ["YBd"],
    "By": ["BY"],
    "yB": ["YB"],
    "y": ["Y"],
    "yj": ["Yj"],
    "dBd": ["dBy", "yBd"],
    "Bdd": ["Bdy"],
    "Bd": ["By", "Bd"],
    "dB": ["dB", "yB"],
    "8": ["Ymd", "dmY", "mdY"],
    "14": ["YmdHMS"],
    "12": ["YmdHM"],
    "6": ["Ym", "ymd", "dmy", "mdy"],
    "7": ["dmY", "mdY", "Yj"],
}


@dataclass(frozen=True)
class Shape:
    """Cells that are taken apart alike.

    Attributes:
        key: the same for cells of one shape.
        formats: that the shape leaves open; none for a text that is no date.
        has_clock: the cell says a time of day.
    """

    key: str
    formats: tuple[str, ...]
    has_clock: bool = False


def shape_of(text: str) -> Shape | None:
    """Return the shape of a text as `plain` writes it, or None if it is no date.

    >>> shape_of("17/05/2024")
    Shape(key='d/d/y', formats=('%d/%m/%Y', '%m/%d/%Y'), has_clock=False)
    """
    if len(text) > _LONGEST or not any(sign.isdigit() for sign in text):
        return None
    for special in (_QUARTER, _WEEK):
        match = special.fullmatch(text)
        if match is not None:
            form = _filled(match)
            return Shape(form, (form,))
    date, clock, place = _without_clock(text)
    if not date:
        return Shape("clock", ("%H:%M",), True) if clock else None
    before, after = _tokens(date[:place]), _tokens(date[place:])
    if before is None or after is None:
        return None
    tokens = [*before, *after]
    fields = "".join(field for field, _ in tokens)
    roles = (
        _roles_of_units(tokens)
        if any(sign in UNITS for _, sign in tokens)
        else _ROLES.get(fields, [])
    )
    if not roles:
        return None
    marks = "%H:%M" if clock else ""
    formats = tuple(_format(before, after, role, marks) for role in roles)
    formats = tuple(form for form in formats if is_format(form))
    return None if not formats else Shape(_key(before, after, fields), formats, clock)


def _filled(match: re.Match[str]) -> str:
    """Return the text with the directives of the groups in their places."""
    form, end = "", 0
    spans = sorted(
        (match.span(name), name[0]) for name, value in match.groupdict().items() if value
    )
    for (start, stop), letter in spans:
        letter = "y" if letter == "Y" and stop - start == 2 else letter
        form += match.string[end:start].upper() + f"%{letter}"
        end = stop
    return form + match.string[end:].upper()


def _without_clock(text: str) -> tuple[str, bool, int]:
    """Return the text without its clock, whether it has one, and where it stood."""
    for special in (_DOTTED, _COMPACT, _HOUR):
        match = special.match(text)
        if match is not None:
            return match[1], True, len(match[1])
    match = _CLOCK.search(text)
    if match is None:
        return text, False, len(text)
    before = _JOINT.sub("", text[: match.start()]).strip(" ,")
    after = re.sub(r"^[ ,-]*(?:on )?", "", text[match.end() :])
    return before + after, True, len(before)


def _tokens(text: str) -> list[tuple[str, str]] | None:
    """Return `(field, text)`, with an empty field for signs between; None where a word means nothing."""
    tokens: list[tuple[str, str]] = []
    words = re.findall(r"[0-9]+|[^\W\d_]+|.", text)
    for place, word in enumerate(words):
        if word.isdigit():
            size = len(word)
            tokens.append(("d" if size < 3 else {3: "j", 4: "y"}.get(size, str(size)), word))
        elif word in MONTHS:
            tokens.append(("B", word))
        elif word in _ORDINALS and place and words[place - 1].isdigit():
            continue
        elif word in WEEKDAYS or (word in "月火水木金土日" and place and words[place - 1] == "("):
            tokens.append(("", "("))  # signs around it go with it
        elif word in UNITS:
            tokens.append(("", word))
        elif word in FILLERS or word in "-/., ()":
            tokens.append(("", " " if word in FILLERS else word))
        else:
            return None
    joined: list[tuple[str, str]] = []
    for field, sign in tokens:
        if not field and joined and not joined[-1][0]:
            joined[-1] = ("", joined[-1][1] + sign)
        else:
            joined.append((field, sign))
    return _trimmed([(field, sign if field else re.sub(" +", " ", sign)) for field, sign in joined])


def _trimmed(tokens: list[tuple[str, str]]) -> list[tuple[str, str]] | None:
    """Return the tokens without a weekday and signs at either end; None if brackets are left."""
    while tokens and not tokens[-1][0] and not set(tokens[-1][1]) - set("(). ,"):
        tokens = tokens[:-1]
    while tokens and not tokens[0][0] and not set(tokens[0][1]) - set("() .,"):
        tokens = tokens[1:]
    return None if any(not field and set(sign) & set("()") for field, sign in tokens) else tokens


def _roles_of_units(tokens: Sequence[tuple[str, str]]) -> list[str]:
    """Return the parts that signs such as 年 name."""
    roles = ""
    for (field, _), (_, sign) in zip(tokens, [*tokens[1:], ("", "")], strict=True):
        if field:
            role = UNITS.get(sign.strip()[:1], "")
            roles += "y" if role == "Y" and field == "d" else role or "?"
    return [] if "?" in roles else [roles]


def _key(before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]], fields: str) -> str:
    """Return the fields and the signs between them, unless those say nothing."""
    signs = {sign for token, sign in (*before, *after) if not token}
    if "B" in fields or (fields == "ydd" and not signs & UNITS.keys()):
        return (
            "".join(field for field, _ in before)
            + "|" * bool(after)
            + "".join(field for field, _ in after)
        )
    tokens = [*before, *([("", "|")] if before and after else []), *after]
    return "".join(field or sign for field, sign in tokens)


def _format(
    before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]], role: str, clock: str
) -> str:
    """Return the tokens with directives in the places of their fields."""
    signs = "".join(sign for field, sign in (*before, *after) if not field)
    if role == "Ymd" and signs and not set(signs) - set("-/. "):
        return ISO  # a clock behind it needs no word
    letters = iter(role)
    first, last = ("".join(_directives(tokens, letters, role)) for tokens in (before, after))
    if "H" in role:
        return first
    return " ".join(part for part in (first, clock, last) if part)


def _directives(tokens: Sequence[tuple[str, str]], letters: object, role: str) -> list[str]:
    parts = []
    for field, text in tokens:
        if not field:
            parts.append(text)
        elif field.isdigit():  # several parts in one number
            parts.append("".join(f"%{letter}" for letter in role))
        else:
            letter = next(letters)  # type: ignore[call-overload]
            parts.append("%b" if letter == "B" and len(text) < 4 else f"%{letter}")
    return parts

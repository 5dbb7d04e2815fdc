"""The text around a number: money before it, and behind it a scale, an ordinal's ending or a unit.

A column has few such texts, so each is read once, in plain Python; the numbers themselves are read by Arrow.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from torso.tables.numbers.units import LETTER_SCALES, MONEY, SCALES, is_known, unit_name

__all__ = ["LIMIT", "MONEY_BEFORE", "TAIL", "Form", "Tail", "read_tail"]


class Form:
    """Bits that say how a cell is written, beside digits, marks and units."""

    LIMIT, SCALE, ORDINAL, FRACTION, CLOCK, PARTS, RANGE, BRACKETS = (1 << bit for bit in range(8))


_LIMIT_WORDS = (
    "about|approximately|approx\\.?|around|circa|ca\\.?|c\\.|est\\.?|estimated|nearly|almost|over|under|above|"
    "below|up to|more than|less than|at least|at most|max\\.?|min\\.?|from|until"
)
LIMIT = rf"(?:[~≈±]|<=?|>=?|≤|≥|(?i:{_LIMIT_WORDS})\b[.:]?) ?"
"""A regular expression for signs and words that stand for "about", "less than" and the like."""
_AFTER = re.compile(
    r"(?:^|\s)\(?(?:or|and) (?:more|less|up|over|above|under|below|older|younger|fewer)\)?$"
    r"|(?:^|\s)(?:plus|est|approx|approximately|ca|circa|estimated)\.?$",
    re.IGNORECASE,
)
_money = "|".join(re.escape(word) for word in sorted(MONEY, key=len, reverse=True))
MONEY_BEFORE = rf"(?i:{_money})(?: ?(?i:{_money}))?"
"""A regular expression for money that stands before its number."""
_LETTER_CLASS = (
    r"A-Za-z\x{80}-\x{10ffff}"  # cheaper than \pL, and what it lets in is looked at later
)
TAIL = rf" ?[{_LETTER_CLASS}%$\"'#/](?:[{_LETTER_CLASS}%$/.^'\"*&,-]|[{_LETTER_CLASS}/^][0-9]+| [{_LETTER_CLASS}%$&/-])*"
"""A regular expression for all that may stand behind a number; digits only within a unit such as mg/100g."""
_ORDINAL = re.compile(r"(?:st|nd|rd|th|º|ª)\b", re.IGNORECASE)
_words = "|".join(sorted((word for word in SCALES if word.isascii()), key=len, reverse=True))
_SCALE_WORD = re.compile(rf"(?:{_words})\b\.?", re.IGNORECASE)
_SCALE_SIGN = re.compile("[" + "".join(word for word in SCALES if not word.isascii()) + "]")
_LETTER = re.compile(r"[kKMBT](?![\w/])")
_MONEY_LETTER = re.compile(r"(?:[kmbt]|mm)(?![\w/])", re.IGNORECASE)
_SIDE = re.compile(r"(?:°|deg(?:rees)?) ?([NSEW])")  # of the equator, of Greenwich
_LONGEST = 32  # characters of a unit
_NO_UNIT = re.compile(
    r"[ap]\.?m\.?|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,7}|mon|tue|wed|thu|fri|sat|sun"
    r"|[a-z]+day|bc|ad|bce|ce|of|de|and|or",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Tail:
    """The meaning of the text around a number.

    Attributes:
        unit: its name, empty for none.
        scale: that multiplies the number.
        forms: bits of `Form`.
        money: the unit, or its first part, is money.
        close: the unit may stand right behind the number: it is known, or divided by a space from it.
    """

    unit: str = ""
    scale: float = 1.0
    forms: int = 0
    money: bool = False
    close: bool = True


@cache
def read_tail(before: str, tail: str, *, hyphen: bool = False) -> Tail | None:
    """Return the meaning of the texts before and behind a number; None if they belong to no number.

    >>> read_tail("$", " million")
    Tail(unit='$', scale=1000000.0, forms=0, money=True, close=True)
    """
    attached, text, forms, scale = not tail.startswith(" "), tail.strip(), 0, 1.0
    shorter = _AFTER.sub("", text).strip()
    if shorter != text:
        text, forms = shorter, Form.LIMIT
    if attached and not hyphen and (ordinal := _ORDINAL.match(text)):
        text, forms, attached = text[ordinal.end() :].strip(), forms | Form.ORDINAL, False
    if side := _SIDE.fullmatch(text):
        return Tail("°", -1.0 if side[1] in "SW" else 1.0, forms)
    word = _SCALE_WORD.match(text) or _SCALE_SIGN.match(text)
    if word:
        scale = SCALES[word[0].rstrip(".").casefold()]
        text, attached = text[word.end() :].strip(), False
    elif letter := _letter(text, money=bool(before), attached=attached and not hyphen):
        scale = 1e6 if len(letter) > 1 else LETTER_SCALES[letter if letter != "t" else "T"]
        text, forms, attached = text[len(letter) :].strip(), forms | Form.SCALE, False
    if len(text) > _LONGEST or _NO_UNIT.fullmatch(text) or not all(map(_may_name, text)):
        return None
    money = " ".join(dict.fromkeys(unit_name(part) for part in _parts(before)))
    unit = unit_name(text)
    close = not attached or hyphen or not text or is_known(unit)
    return Tail(_joined(money, unit), scale, forms, bool(money) or unit_name(unit) in _SIGNS, close)


_SIGNS = frozenset(unit_name(word) for word in MONEY)


def _may_name(character: str) -> bool:
    """Return whether a character may stand in a unit: letters, signs, marks over letters."""
    return character.isascii() or unicodedata.category(character)[0] in "LMS"


def _letter(text: str, *, money: bool, attached: bool) -> str:
    if money:
        match = _MONEY_LETTER.match(text)
        return match[0].lower() if match else ""
    match = _LETTER.match(text) if attached else None
    return match[0] if match else ""


def _parts(before: str) -> list[str]:
    """Return the signs of money before a number: one, or two as in USD $."""
    text = before.strip()
    if not text or text.casefold() in MONEY:
        return [text] if text else []
    cuts = (cut for cut in range(1, len(text)) if text[:cut].strip().casefold() in MONEY)
    cut = next((cut for cut in cuts if text[cut:].strip().casefold() in MONEY), len(text))
    return [part.strip() for part in (text[:cut], text[cut:]) if part.strip()]


def _joined(money: str, unit: str) -> str:
    if money and unit in _SIGNS:  # $5 CAD
        return unit if money == "$" else money
    return " ".join(part for part in (money, unit) if part)

"""Codes: words and numbers that name things instead of saying something about them.

A code that recurs is a category: a postcode, a model, a shop. A code of which every row has its own identifies the row,
and says nothing about a new one. Prices, dates and measures are asked for first, so they never come here.
"""

from __future__ import annotations

import re
from math import gcd

from torso.columns.profile import Profile
from torso.columns.recurrence import Recurrence

__all__ = ["codes", "identifies_rows", "number_codes"]

_COMPOSED = re.compile(r"[0-9_]|[A-Za-z]-[A-Za-z]|@")
_NO_CODE = re.compile(
    r"[\s()\[\]{}=<>*?!'\"~^|\\]|://"
)  # as in formulas, chemical ones too, and in addresses
_LETTERS = 8  # different characters of a hash at least; DNA has four
_HASH = 16  # characters
_CALLED_ID = re.compile(r"ids?|uuid|guid|rowid|serial")
_CALLED_CODE = re.compile(
    r"codes?|zip|zipcode|post|postal|postcode|plz|sku|fips|isin|iata|icd|isbn|phone|branch|batch"
)
_FEW_RECUR = 0.4  # share of new rows that show a code already seen, from which codes are learnt as categories
_DIGITS = 5  # of numbers that look like codes without a name that says so
_ROOM = 100  # times as many numbers between the ends as there are
_TIMES = 4  # rows per number
_LONG = 10**15  # whole numbers of more digits measure nothing


def codes(profile: Profile) -> bool:
    """Return whether texts look like codes: composed of digits and signs, or long words of one length."""
    texts = profile.counts
    composed = sum(1 for text in texts if _COMPOSED.search(text) and not _NO_CODE.search(text))
    return composed / len(texts) >= 0.8 or _hashes(profile)


def number_codes(profile: Profile) -> str:
    """Return why whole numbers that recur are codes; nothing if they are numbers.

    >>> from torso.tables import read_table
    >>> column = read_table({"zip": [92276, 93510, 92880, 92276] * 9}).column("zip")
    >>> number_codes(Profile(column))
    "3 whole numbers that recur under a name like 'zip'"
    """
    numbers = [int(number) for number in profile.counts] if profile.are_whole else []
    seen = Recurrence.of(profile.counts)
    if len(numbers) < 3 or seen.coverage < _FEW_RECUR:
        return ""
    name = profile.column.name
    if _called(name, _CALLED_ID) or _called(name, _CALLED_CODE):
        return f"{profile.distinct} whole numbers that recur under a name like {name!r}"
    widths = {len(str(number)) for number in numbers}
    first, last = min(numbers), max(numbers)
    step = gcd(*(number - first for number in numbers))
    is_sparse = last - first >= _ROOM * len(numbers) * step and step == 1
    recur = seen.cells >= _TIMES * seen.distinct
    alike = len(widths) == 1 and first >= 10 ** (_DIGITS - 1)
    if recur and alike and is_sparse and _uneven_ends(numbers):
        return (
            f"{profile.distinct} whole numbers of {len(str(first))} digits that recur as codes do"
        )
    return ""


def identifies_rows(profile: Profile) -> str:
    """Return why whole numbers are an id of the row; nothing if they are not."""
    rows = len(profile.column)
    if not profile.are_whole or rows < 10:
        return ""
    seen, name, gaps = (
        Recurrence.of(profile.counts),
        profile.column.name,
        profile.column.values.null_count,
    )
    first, last = int(min(profile.counts)), int(max(profile.counts))
    each_once = profile.distinct == rows - gaps
    if each_once and not gaps and last - first < 1.2 * rows:
        return "Counts the rows, each whole number once"
    if _called(name, _CALLED_ID) and seen.coverage < _FEW_RECUR:
        return f"Holds {profile.distinct} different whole numbers in {rows} rows and is called {name!r}"
    if each_once and min(abs(first), abs(last)) >= _LONG:
        return (
            f"Holds {profile.distinct} different numbers of {len(str(abs(last)))} digits, each once"
        )
    return ""


def _uneven_ends(numbers: list[int]) -> bool:
    """Return whether last digits vary, as those of prices do not."""
    return sum(1 for number in numbers if number % 10 in (0, 5, 9)) < 0.6 * len(numbers)


def _called(name: str, words: re.Pattern[str]) -> bool:
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", name)
    return any(words.fullmatch(word) for word in re.findall(r"[a-z]+", apart.lower()))


def _hashes(profile: Profile) -> bool:
    """Return whether all texts are long words of one length over a plain alphabet."""
    lengths = {len(text) for text in profile.counts}
    return (
        len(lengths) == 1
        and lengths.pop() >= _HASH
        and all(text.isascii() and text.isalnum() for text in profile.counts)
        and len(set().union(*profile.counts)) >= _LETTERS
    )

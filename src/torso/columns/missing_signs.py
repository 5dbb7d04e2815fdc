"""Cells that say "missing" among words: told from values by how they are written, and how rare they are.

`None` beside Low and High is a value, `?` beside Adult and Juvenile is none. A sign such as ? or n/a means nothing among
words. A word such as none or NA is a value where the others are written like it, in letters of the same case and, if it
is an acronym, of the same length. Among numbers and codes no word is a value.
"""

from __future__ import annotations

from collections.abc import Mapping

from torso.tables.missing import may_mean_missing

__all__ = ["foreign_signs"]

_RARE_SIGN, _RARE_WORD = 0.5, 0.2  # most that may say so, of the cells that hold a text
_WORDS = frozenset(("na", "none", "null"))  # which can be values
_DIGITS = 0.9  # share of the other texts with a digit, among which no word is a value


def foreign_signs(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return the texts that mean "missing", most frequent first.

    >>> foreign_signs({"Adult": 90, "Juvenile": 20, "?": 6})
    ('?',)
    >>> foreign_signs({"Low": 30, "High": 20, "None": 6})
    ()

    Args:
        counts: text -> cells that hold it.
    """
    signs = [text for text in counts if may_mean_missing(text)]
    others = [text for text in counts if not may_mean_missing(text)]
    if not signs or not others:
        return ()
    with_digit = sum(1 for other in others if any(map(str.isdigit, other)))
    if with_digit < _DIGITS * len(others):
        total = sum(counts.values())
        signs = [text for text in signs if _is_foreign(text, others, counts[text] / total)]
    return tuple(sorted(signs, key=lambda text: -counts[text]))


def _is_foreign(text: str, others: list[str], share: float) -> bool:
    if text.lower() in _WORDS:
        alike = sum(1 for other in others if _style(other) == _style(text))
        return share <= _RARE_WORD and 2 * alike < len(others)
    spoken = sum(1 for other in others if any(map(str.isalnum, other)))
    return share <= _RARE_SIGN and 2 * spoken > len(others)


def _style(text: str) -> tuple[str, int]:
    """Return the case of a word's letters, and the length of an acronym."""
    if text.isupper():
        return "upper", len(text)
    return ("lower" if text.islower() else "title" if text[:1].isupper() else "mixed"), 0

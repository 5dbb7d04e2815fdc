"""Cells that say "missing" among words: told from values by how they are written, and how rare they are.

`None` beside Low and High is a value, `?` beside Adult and Juvenile is none. A sign without a letter means nothing
among words. A word such as none or NA is a value where the others are written like it, in letters of the same case and,
if it is an acronym, of the same length; "nan" and "n/a" are never values.
"""

from __future__ import annotations

from collections.abc import Mapping

from torso.tables.missing import may_mean_missing

__all__ = ["foreign_signs"]

_RARE_SIGN, _RARE_WORD = 0.5, 0.2  # most that may say so, of the cells that hold a text
_NEVER_VALUES = frozenset(("nan", "<na>", "n/a", "#n/a", "(null)", "[nan]", "nat"))


def foreign_signs(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return the texts that mean "missing", most frequent first.

    >>> foreign_signs({"Adult": 90, "Juvenile": 20, "?": 6})
    ('?',)
    >>> foreign_signs({"Low": 30, "High": 20, "None": 6})
    ()

    Args:
        counts: text -> cells that hold it.
    """
    others = [text for text in counts if not may_mean_missing(text)]
    total = sum(counts.values())
    signs = [text for text in counts if may_mean_missing(text) and _is_foreign(text, others)]
    rare = [
        text
        for text in signs
        if counts[text] <= (_RARE_WORD if text.isalpha() else _RARE_SIGN) * total
    ]
    return tuple(sorted(rare, key=lambda text: -counts[text]))


def _is_foreign(text: str, others: list[str]) -> bool:
    if not others:
        return False
    if text.lower() in _NEVER_VALUES:
        return True
    if not any(character.isalpha() for character in text):
        return 2 * sum(1 for other in others if any(map(str.isalnum, other))) > len(others)
    return 2 * sum(1 for other in others if _style(other) == _style(text)) < len(others)


def _style(text: str) -> tuple[str, int]:
    """Return the case of a word's letters, and the length of an acronym."""
    if text.isupper():
        return "upper", len(text)
    return ("lower" if text.islower() else "title" if text[:1].isupper() else "mixed"), 0

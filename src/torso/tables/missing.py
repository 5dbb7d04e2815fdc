"""The words that mean "no value", for every room that reads cells.

In a column of numbers a word such as NA can only mean a missing number. In a text column it may be a value
(the country code NA), so there it stays until the user lists it under `data.missing`.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["may_mean_missing", "says_missing"]

_WORDS = (
    "na",
    "n/a",
    "nan",
    "null",
    "none",
    "n.a.",
    "<na>",
    "(null)",
    "nat",
    "\\n",
)  # or in capitals
_ERRORS = ("#n/a", "#value!", "#div/0!", "#ref!", "#name?", "#num!", "#null!")  # of spreadsheets
_SIGNS = (
    "?",
    "??",
    "-",
    "--",
    "---",
    "–",
    "—",
    ".",
)  # often mean "no value", but are never read so unasked
_LOOK_MISSING = frozenset((*_WORDS, *_ERRORS, *_SIGNS))
_PATTERN = f"^(?i:{'|'.join(map(re.escape, (*_WORDS, *_ERRORS)))}|)$"


def says_missing(strings: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return where a cell of a numeric column says "no value"; null where the cell itself is null.

    >>> says_missing(pa.array(["NA", "n/a", "", "7", "-", None])).to_pylist()
    [True, True, True, False, False, None]
    """
    return pc.match_substring_regex(strings, _PATTERN)


def may_mean_missing(text: str) -> bool:
    """Return whether a text cell looks like "no value": such a word, or a sign such as `?`.

    >>> [may_mean_missing(text) for text in ("None", "--", "nanny")]
    [True, True, False]
    """
    return text.lower() in _LOOK_MISSING

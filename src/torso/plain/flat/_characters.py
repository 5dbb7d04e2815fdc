"""Measures of the spelling of texts: shares of capitals, small letters, digits and signs, marks, and the length of its words.

>>> shares = measure_characters(["Ab 1!"])[0]
>>> round(dict(zip(CHARACTERS, shares.tolist(), strict=True))["Digits"], 2)
0.2
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

__all__ = ["CHARACTERS", "measure_characters"]

CHARACTERS = (
    "Capitals",
    "Small letters",
    "Digits",
    "Signs",
    "Calls",
    "Stops",
    "Mean word",
)
"""Names of the measures, in the order of their columns."""

_KNOWN = 0x2200  # characters that are told apart; those beyond count as letters without a size
_REST, _CAPITAL, _SMALL, _DIGIT, _SIGN, _CALL, _STOP, _SPACE = range(8)


def measure_characters(texts: Sequence[str]) -> np.ndarray:
    """Return measures of each text, float32 `[texts, 7]`: shares of its characters, `!?` and `.,` counted.

    AutoGluon Tabular (Erickson 2020, arXiv 2003.06505) tells trees much the same. Differs: one share of all signs
    instead of a column for each, and nothing is put into bins.
    """
    lengths = np.array([len(text) for text in texts], np.int64)
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds = _kinds()[np.minimum(codes, _KNOWN)]
    owner = np.repeat(np.arange(len(texts)) * 8, lengths)
    counts = np.bincount(owner + kinds, minlength=8 * len(texts)).reshape(len(texts), 8)
    signs = counts[:, _SIGN] + counts[:, _CALL] + counts[:, _STOP]
    shares = [counts[:, _CAPITAL], counts[:, _SMALL], counts[:, _DIGIT], signs]
    words = np.array([len(text.split()) for text in texts], np.int64)
    measures = [
        *(share / np.maximum(lengths, 1) for share in shares),
        counts[:, _CALL],
        counts[:, _STOP],
        lengths / np.maximum(words, 1),
    ]
    return np.stack(measures, axis=1).astype(np.float32)


@lru_cache(maxsize=1)
def _kinds() -> np.ndarray:
    """Return the kind of each character up to the last that is known."""
    kinds = np.full(_KNOWN + 1, _REST, np.int64)
    for code in range(_KNOWN):
        character = chr(code)
        if character in "!?":
            kinds[code] = _CALL
        elif character in ".,":
            kinds[code] = _STOP
        elif character.isupper():
            kinds[code] = _CAPITAL
        elif character.islower():
            kinds[code] = _SMALL
        elif character.isdigit():
            kinds[code] = _DIGIT
        elif character.isspace():
            kinds[code] = _SPACE
        elif not character.isalnum():
            kinds[code] = _SIGN
    return kinds

"""Text that means numbers.

Text is judged as numbers only where every cell says so. That keeps the codes "007" and "02139" what they
are, and a single bad cell stays visible as text that can be named instead of a NaN that cannot.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.tables.arrays import as_floats
from torso.tables.missing import says_missing

__all__ = ["PLAIN_NUMBER", "as_numbers", "numbers_in", "plain_numbers"]

PLAIN_NUMBER = r"^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity))$"
_INTEGER = r"^[+-]?[0-9]+$"
# Leading zeros, or too long for int64: a name made of digits.
_CODE = r"^[+-]?0[0-9]|^[+-]?[0-9]{20,}$"
_FIRST_LOOK = 200  # cells that can rule a column out before the rest is looked at


def numbers_in(
    strings: pa.Array | pa.ChunkedArray, *, codes: bool = False
) -> pa.Array | pa.ChunkedArray:
    """Return float64, null where a cell is not a number; `"007"` and the like are none unless `codes`.

    >>> numbers_in(pa.array(["1", " 2", "x", "1e3", "007"])).to_pylist()
    [1.0, 2.0, None, 1000.0, None]
    """
    strings = pc.utf8_trim_whitespace(strings)
    is_number = pc.match_substring_regex(strings, PLAIN_NUMBER)
    if not codes:
        is_number = pc.and_not(is_number, pc.match_substring_regex(strings, _CODE))
    kept = pc.if_else(is_number, strings, pa.nulls(len(strings), strings.type))
    return _without_plus(kept).cast(pa.float64())


def plain_numbers(strings: pa.Array, pattern: str = PLAIN_NUMBER) -> np.ndarray:
    """Return float64, NaN where a cell does not match `pattern`, which must stand for numbers."""
    match = pc.match_substring_regex(strings, pattern)
    if not pc.all(match).as_py():
        strings = pc.if_else(match, strings, pa.nulls(len(strings), strings.type))
    return as_floats(_without_plus(strings).cast(pa.float64()))


def as_numbers(strings: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return text as int64 or float64 if every cell is a number or says NA, else unchanged."""
    head = strings.slice(0, _FIRST_LOOK)
    numeric = pc.or_(pc.match_substring_regex(head, PLAIN_NUMBER), says_missing(head))
    if pc.all(numeric).as_py() is False or pc.any(pc.match_substring_regex(strings, _CODE)).as_py():
        return strings
    known = pc.if_else(says_missing(strings), pa.nulls(len(strings), strings.type), strings)
    if pc.all(pc.match_substring_regex(known, _INTEGER)).as_py() and known.null_count < len(known):
        with suppress(pa.ArrowInvalid):  # beyond int64
            return _without_plus(known).cast(pa.int64())
    numbers = numbers_in(known)
    unread = numbers.null_count > known.null_count
    return strings if unread or numbers.null_count == len(numbers) else numbers


def _without_plus(strings: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return pc.replace_substring_regex(strings, r"^\+", "")

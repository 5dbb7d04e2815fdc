"""Digits and the marks between them: `1,234.50`, `1.234,5`, `1 234`, `1'234`, also full-width and Arabic ones."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.tables.arrays import as_floats
from torso.tables.dates.durations import in_seconds

__all__ = ["number_pattern", "number_values", "plain_values", "prepared"]

_REWRITTEN = (
    (r"([0-9])[.,]-", r"\1"),  # 12,- and 12.- are whole
    (r"(?i) ?\((approx\.?|approximately|est\.?|estimated|circa|ca\.|usd|eur|gbp)\)$", r" \1"),
    (r"^=\"(.*)\"$|^'([0-9].*)$", r"\1\2"),  # as spreadsheets keep text
    (r"([0-9]) ?[x×*] ?10\^([+-]?[0-9])", r"\1e\2"),
    (r"^([12][0-9]{3}) ?/ ?([12][0-9]{3})$", r"\1-\2"),  # a season, 2013/2014
)


def prepared(strings: pa.Array) -> pa.Array:
    """Return cells with plain digits, signs, quotes and spaces in place of their other forms."""
    strings = in_seconds(strings)
    if not pc.all(pc.string_is_ascii(strings)).as_py():
        strings = pc.replace_substring_regex(strings, r"([0-9])([¼½¾⅐-⅞])", r"\1 \2")
        strings = pc.replace_substring_regex(strings, "[″”“]", '"')
        strings = pc.utf8_normalize(strings, form="NFKC")
        for pattern, plain in (
            ("[−–—‒―]", "-"),
            ("[’‘ʼ′]", "'"),
            ("⁄", "/"),
            ("[\u200b\u200e\u200f\u2060\ufeff]", ""),
        ):
            strings = pc.replace_substring_regex(strings, pattern, plain)
        if pc.any(pc.match_substring_regex(strings, r"[^\x00-\x{5ff}]|[٠-٩۰-۹٫٬]")).as_py():
            strings = _ascii_digits(strings)
    if pc.any(pc.match_substring(strings, "[")).as_py():  # marks of footnotes
        strings = pc.replace_substring_regex(strings, r"([^\s\[])(?: ?\[[^\[\]]{1,12}\])+", r"\1")
    for pattern, plain in _REWRITTEN:
        if pc.any(pc.match_substring_regex(strings, pattern)).as_py():
            strings = pc.replace_substring_regex(strings, pattern, plain)
    if pc.any(pc.match_substring_regex(strings, r"\s\s|[\t\n]")).as_py():
        strings = pc.replace_substring_regex(strings, r"\s+", " ")
    return strings


def _ascii_digits(strings: pa.Array) -> pa.Array:
    def plain(text: str) -> str:
        digits = (str(int(c)) if c.isdecimal() and not c.isascii() else c for c in text)
        return "".join(digits).translate({ord("٫"): ".", ord("٬"): ","})

    cells = strings.to_pylist()
    return pa.array([None if cell is None else plain(cell) for cell in cells], strings.type)


def number_pattern(decimal: str) -> str:
    """Return the pattern of an unsigned number: the decimal mark may be the other one where no doubt is left."""
    mark, other = (r"\.", ",") if decimal == "." else (",", r"\.")
    grouped = rf"[1-9][0-9]{{0,2}}(?:{other}[0-9]{{2,3}})*{other}[0-9]{{3}}(?:{mark}[0-9]*)?"
    spaced = r"[1-9][0-9]{0,2}(?:[ '_][0-9]{3})+(?:[.,][0-9]+)?"
    plain = rf"[0-9]+(?:{mark}[0-9]*)?|{mark}[0-9]+"
    others = (
        rf"[0-9]+{other}(?:[0-9]{{1,2}}|[0-9]{{4,}})|0{other}[0-9]+|{other}[0-9]+"
        rf"|[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+{other}[0-9]+|[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}}){{2,}}"
    )
    return rf"(?:{grouped}|{spaced}|{plain}|{others})(?:[eE][+-]?[0-9]{{1,3}})?"


def number_values(numbers: pa.Array, decimal: str) -> np.ndarray:
    """Return float64 of matched numbers, NaN for an empty one."""
    numbers = pc.replace_substring_regex(numbers, "[ '_]", "")
    if pc.any(pc.match_substring(numbers, ",")).as_py() or decimal == ",":
        comma, dot = pc.match_substring(numbers, ","), pc.match_substring(numbers, ".")
        thousands = r"^[1-9][0-9]{0,2}(?:X[0-9]{2,3})*X[0-9]{3}$"
        grouped = {
            mark: pc.match_substring_regex(
                numbers,
                thousands.replace("X", rf"\{mark}") if decimal != mark else rf"\{mark}.*\{mark}",
            )
            for mark in ".,"
        }
        both = pc.and_(comma, dot)
        is_comma = pc.or_(
            pc.and_(both, pc.match_substring_regex(numbers, r"\..*,")),
            pc.and_not(pc.and_not(comma, dot), grouped[","]),
        )
        no_dots = pc.and_not(pc.and_not(dot, comma), pc.invert(grouped["."]))
        with_comma = pc.replace_substring(pc.replace_substring(numbers, ".", ""), ",", ".")
        with_dot = pc.replace_substring(numbers, ",", "")
        with_dot = pc.if_else(no_dots, pc.replace_substring(numbers, ".", ""), with_dot)
        numbers = pc.if_else(is_comma, with_comma, with_dot)
    several = pc.match_substring_regex(numbers, r"\..*\.")
    if pc.any(several).as_py():
        numbers = pc.if_else(several, pc.replace_substring(numbers, ".", ""), numbers)
    return plain_values(numbers)


def plain_values(numbers: pa.Array) -> np.ndarray:
    """Return float64, NaN where the text is empty."""
    filled = pc.if_else(
        pc.match_substring_regex(numbers, "^$"), pa.nulls(len(numbers), numbers.type), numbers
    )
    return as_floats(filled.cast(pa.float64()))

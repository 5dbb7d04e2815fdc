"""Cells as numbers with units, however they are written: `$1,234.50`, `1.234,5 €`, `3 h 20 min`, `40-50 kg`.

Each cell is read by itself. Only the decimal mark is a fact of the column, since `1,234` has two meanings. Which of
the forms and units a column may hold is the business of `torso.tables.numbers.number_format`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.tables.arrays import as_bools, as_integers, index_array
from torso.tables.expressions import extracted
from torso.tables.numbers.amounts import Amounts, around, span
from torso.tables.numbers.digits import number_pattern, number_values, plain_values, prepared
from torso.tables.numbers.numerals import PLAIN_NUMBER, plain_numbers
from torso.tables.numbers.tails import LIMIT, MONEY_BEFORE, TAIL, Form, read_tail
from torso.tables.numbers.units import SPELLINGS, factor, unit_name

__all__ = ["amounts_in"]

# A Python value made a scalar by Arrow would import pandas, here and below.
_BREAK = pa.Array.from_buffers(
    pa.large_string(), 1, [None, pa.py_buffer(np.array([0, 1], np.int64)), pa.py_buffer(b"\n")]
)[0]
_NEXT_SMALLER = {"d": "h", "h": "min", "min": "s", "ft": "in", "lb": "oz", "m": "cm", "kg": "g"}
_Join = Callable[["Amounts", "Amounts"], "Amounts"]
_UNITS = "|".join("".join(f"\\{c}" if c in "#'\"." else c for c in word) for word in SPELLINGS)


def amounts_in(strings: pa.Array, decimal: str = ".") -> Amounts:
    """Return the numbers of trimmed cells.

    >>> amounts = amounts_in(pa.array(["$1,234.50", "3 h 20 min", "40-50 kg", "Room 12"], pa.large_string()))
    >>> amounts.low.tolist(), [amounts.units[unit] for unit in amounts.unit]
    ([1234.5, 200.0, 40.0, nan], ['$', 'min', 'kg', ''])
    """
    units = [""]
    out = Amounts.empty(len(strings), units)
    _Reader(decimal, units).fill(out, strings)
    return out


class _Reader:
    """Reads cells of one column, whose decimal mark is `decimal`."""

    def __init__(self, decimal: str, units: list[str]) -> None:
        self.decimal, self.units = decimal, units
        number = number_pattern(decimal)
        self.single = (
            rf"^(?P<limit>{LIMIT})?(?P<open>\()?(?P<sign>[+-] ?)?(?P<before>{MONEY_BEFORE})? ?(?P<sign2>[+-])?"
            rf"(?P<number>{number})(?P<plus>[+-])?(?P<close>\))?(?P<tail>{TAIL})?(?P<close2>\))?(?P<plus2>\+)?$"
        )
        self.fraction = (
            rf"^(?P<limit>{LIMIT})?(?P<sign>[+-])?(?:(?P<whole>[0-9]{{1,6}})[ -])?(?P<top>[0-9]{{1,2}}(?:[.,][0-9]{{1,2}})?) ?/ ?"
            rf"(?P<bottom>[1-9][0-9]?|100)(?P<tail>{TAIL})?$"
        )
        self.clock = (
            rf"^(?P<limit>{LIMIT})?(?P<sign>[+-])?(?P<first>[0-9]{{1,4}}):(?P<second>[0-5][0-9])"
            rf"(?::(?P<third>[0-5][0-9](?:\.[0-9]+)?))?(?P<tail>{TAIL})?$"
        )
        part = r" ?(?P<{0}>(?i:" + _UNITS + r"))\.?"
        mark = r"(?:,? ?(?:and |und )?)"
        self.parts = (
            rf"^(?P<limit>{LIMIT})?(?P<sign>[+-])?(?P<first>{number})" + part.format("unit") + mark
            + rf"(?P<second>{number})(?:" + part.format("unit2") + ")?"
            + rf"(?:{mark}(?P<third>{number})" + part.format("unit3") + ")?$"
        )  # fmt: skip

    def fill(self, out: Amounts, strings: pa.Array) -> None:
        """Read all cells: plain numbers, amounts, ranges of amounts, and two of them with brackets."""
        plain = plain_numbers(strings, PLAIN_NUMBER if self.decimal == "." else r"^[+-]?[0-9]+$")
        out.low[:] = out.high[:] = plain
        rest, strings = _left(out, prepared(strings))
        self._amounts(out, rest, strings)
        rest, strings = _left(out, strings, rest)
        pattern = r"^(?P<outer>.*[^\s]) ?\((?P<inner>[^()]+)\)$"
        rows, groups = _matched(strings, pattern)
        if not len(rows):
            return
        out.second = second = Amounts.empty(len(out.low), self.units)
        for target, name in ((out, "outer"), (second, "inner")):
            self._amounts(target, rest[rows], groups.field(name))
        unsaid = out.known & ~second.known  # the bracket says something else
        unsaid[np.setdiff1d(np.arange(len(out.low)), rest[rows])] = False
        out.low[unsaid] = out.high[unsaid] = np.nan

    def _amounts(self, out: Amounts, rows: np.ndarray, strings: pa.Array) -> None:
        """Fill `rows` from `strings`, single amounts or ranges."""
        self._singles(out, rows, strings)
        known = out.known[rows]
        if known.all():
            return
        left = np.flatnonzero(~known)
        rows, strings = rows[left], strings.take(index_array(left))
        apart = r"^(?P<low>.*?[^\s]) ?(?:±|\+/-) ?(?P<high>[0-9.].*)$"
        if pc.any(pc.match_substring_regex(strings, r"±|\+/-")).as_py():
            self._pairs(out, rows, strings, apart, around)
        pattern = (
            r"^(?:(?i:between|from|de|entre|von|du) )?(?P<low>.*?[^\s-]) ?(?:-|\.\.\.?|~|\b(?i:to|bis|and|a|à|y)\b) ?"
            r"(?P<high>[^\s0-9-]{0,4} ?-?[0-9].*)$"
        )
        self._pairs(out, rows, strings, pattern, span)

    def _pairs(
        self, out: Amounts, rows: np.ndarray, strings: pa.Array, pattern: str, join: _Join
    ) -> None:
        """Fill `rows` from pairs of amounts, which `pattern` takes apart and `join` puts together."""
        match, groups = _matched(strings, pattern)
        if not len(match):
            return
        sides = []
        for name in ("low", "high"):
            side = Amounts.empty(len(match), self.units)
            self._singles(side, np.arange(len(match)), groups.field(name))
            sides.append(side)
        out.put(rows[match], join(*sides))

    def _singles(self, out: Amounts, rows: np.ndarray, strings: pa.Array) -> None:
        """Fill `rows` from `strings`, each a single amount."""
        readers = (
            ("", self.single, self._single),
            ("/", self.fraction, self._fraction),
            (":", self.clock, self._clock),
            ("", self.parts, self._parts),
        )
        for sign, pattern, read in readers:
            known = out.known[rows]
            if known.all():
                return
            open_ = np.flatnonzero(~known)
            cells = strings.take(index_array(open_))
            if sign and not pc.any(pc.match_substring(cells, sign)).as_py():
                continue
            match, groups = _matched(cells, pattern)
            if len(match):
                out.put(rows[open_[match]], read(groups))

    def _single(self, groups: pa.StructArray) -> Amounts:
        values = number_values(groups.field("number"), self.decimal)
        out = self._with_tails(values, groups, groups.field("before"), groups.field("plus"))
        has = {
            name: _filled(groups, name)
            for name in ("limit", "open", "close", "close2", "tail", "plus2")
        }
        minus = _is(groups, "sign", "-") ^ _is(groups, "sign2", "-")
        hanging = _is(groups, "plus", "-")
        brackets = has["open"] & (has["close"] | has["close2"])
        minus |= hanging & ~has["tail"]  # 5- as accounting writes it; 5-inch is no minus
        out.forms |= Form.BRACKETS * brackets + Form.LIMIT * (
            has["limit"] | _is(groups, "plus", "+") | has["plus2"]
        )
        out.low *= out.scale * np.where(minus | brackets, -1.0, 1.0)
        odd = has["open"] != (has["close"] ^ has["close2"])
        out.low[odd] = np.nan
        out.high = out.low.copy()
        return out

    def _fraction(self, groups: pa.StructArray) -> Amounts:
        whole, top, bottom = (
            plain_values(pc.replace_substring(groups.field(name), ",", "."))
            for name in ("whole", "top", "bottom")
        )
        values = np.nan_to_num(whole) + top / bottom
        values[~np.isnan(whole) & (top >= bottom)] = np.nan
        return self._signed(values, groups, Form.FRACTION)

    def _clock(self, groups: pa.StructArray) -> Amounts:
        first, second, third = (
            plain_values(groups.field(name)) for name in ("first", "second", "third")
        )
        values = first * 60 + second
        long = ~np.isnan(third)
        values[long] = values[long] * 60 + third[long]
        out = self._signed(values, groups, Form.CLOCK)
        # The tail names the first part: 1:35 minutes are seconds, 1:35 hours are minutes.
        names = np.array(self.units, dtype=object)[out.unit]
        smaller = np.where(long | (names == "min"), "s", np.where(names == "h", "min", names))
        bad = ~np.isin(smaller.astype(str), ["", "s", "min"])
        out.low[bad] = np.nan
        for name in ("s", "min"):
            out.unit[smaller == name] = out.index(name)
        out.high = out.low.copy()
        return out

    def _signed(self, values: np.ndarray, groups: pa.StructArray, form: int) -> Amounts:
        nothing = pc.utf8_slice_codeunits(groups.field("tail"), 0, 0)
        out = self._with_tails(values, groups, nothing, nothing)
        out.low *= out.scale * np.where(_is(groups, "sign", "-"), -1.0, 1.0)
        out.forms |= form | Form.LIMIT * _filled(groups, "limit")
        out.high = out.low.copy()
        return out

    def _parts(self, groups: pa.StructArray) -> Amounts:
        columns = [groups.field(name) for name in ("unit", "unit2", "unit3")]
        key = pc.binary_join_element_wise(*columns, _BREAK).dictionary_encode()
        plans = [_plan(text.split("\n")) for text in key.dictionary.to_pylist()]
        codes = as_integers(key.indices)
        factors = np.array([plan[0] for plan in plans])[codes]  # [rows, 3]
        numbers = np.stack(
            [
                number_values(groups.field(name), self.decimal)
                for name in ("first", "second", "third")
            ],
            1,
        )
        missing = np.isnan(numbers[:, 2]) & _empty(groups.field("third"))
        numbers[missing, 2] = 0.0
        out = Amounts.empty(len(codes), self.units)
        minus = np.where(_is(groups, "sign", "-"), -1.0, 1.0)
        out.low = (numbers * factors).sum(axis=1) * minus
        out.high = out.low.copy()
        out.unit = np.array([out.index(plan[1]) for plan in plans])[codes]
        out.forms |= Form.PARTS | Form.LIMIT * _filled(groups, "limit")
        return out

    def _with_tails(
        self, values: np.ndarray, groups: pa.StructArray, before: pa.Array, plus: pa.Array
    ) -> Amounts:
        """Return amounts with units, forms and scales not yet applied, NaN where the texts around are no number's."""
        joined = pc.binary_join_element_wise(before, groups.field("tail"), plus, _BREAK)
        key = joined.dictionary_encode()
        tails = []
        for text in key.dictionary.to_pylist():
            money, tail, sign = text.split("\n")
            tails.append(read_tail(money.strip(), tail, hyphen=sign == "-"))
        codes = as_integers(key.indices)
        out = Amounts.empty(len(codes), self.units)
        good = np.array([tail is not None for tail in tails])[codes]
        out.low = np.where(good, values, np.nan)
        units = [
            out.index(tail.unit if tail.close else f"·{tail.unit}") if tail else 0 for tail in tails
        ]
        out.unit = np.array(units)[codes]
        out.forms = np.array([tail.forms if tail else 0 for tail in tails])[codes]
        out.scale = np.array([tail.scale if tail else 1.0 for tail in tails])[codes]
        return out


def _plan(spellings: list[str]) -> tuple[list[float], str]:
    """Return the factor of each of three parts, NaN if they make no sense together, and their common unit."""
    names = [unit_name(text) for text in spellings]
    if not names[1]:
        names[1] = _NEXT_SMALLER.get(names[0], "?")
    if "h" in names[:2] or "s" in names[1:]:  # 3h 20m, 2m 30s
        names = ["min" if name == "m" else name for name in names]
    used = [name for name in names if name]
    last = used[-1]
    factors = [factor(name, last) for name in used]
    falling = all(
        first is not None and second is not None and first > second
        for first, second in pairwise(factors)
    )
    if not falling:
        return [np.nan] * 3, ""
    return [*(float(each or 0.0) for each in factors), 0.0][:3], last


def _left(
    out: Amounts, strings: pa.Array, rows: np.ndarray | None = None
) -> tuple[np.ndarray, pa.Array]:
    """Return the rows that are not read yet and have a digit, and their cells; `strings` are those of `rows`."""
    rows = np.arange(len(out.low)) if rows is None else rows
    digits = pc.and_kleene(pc.match_substring_regex(strings, "[0-9]"), strings.is_valid())
    left = np.flatnonzero(~out.known[rows] & as_bools(digits))
    return rows[left], strings.take(index_array(left))


def _matched(strings: pa.Array, pattern: str) -> tuple[np.ndarray, pa.StructArray]:
    """Return the positions of the cells that match, and their groups."""
    groups = extracted(strings, pattern)
    match = as_bools(groups.is_valid())
    rows = np.flatnonzero(match)
    return rows, groups.take(index_array(rows))


def _filled(groups: pa.StructArray, name: str) -> np.ndarray:
    return ~_empty(groups.field(name))


def _empty(strings: pa.Array) -> np.ndarray:
    return np.asarray(as_integers(pc.binary_length(strings)) == 0)


def _is(groups: pa.StructArray, name: str, sign: str) -> np.ndarray:
    return as_bools(pc.starts_with(groups.field(name), sign))

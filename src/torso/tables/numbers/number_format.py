"""The way that the numbers of a column are written, as settings that a person can read and change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.tables.arrays import as_integers
from torso.tables.missing import says_missing
from torso.tables.numbers.amount_reader import amounts_in
from torso.tables.numbers.amounts import Amounts
from torso.tables.numbers.numerals import PLAIN_NUMBER, plain_numbers
from torso.tables.numbers.tails import Form
from torso.tables.numbers.units import convertible, factor, unit_name

__all__ = ["FORMS", "NumberFormat", "Numbers"]

FORMS = {
    "limits": Form.LIMIT,
    "scales": Form.SCALE,
    "ordinals": Form.ORDINAL,
    "fractions": Form.FRACTION,
    "m:ss": Form.CLOCK,
    "h:mm": Form.CLOCK,
    "parts": Form.PARTS,
    "ranges": Form.RANGE,
    "brackets": Form.BRACKETS,
}
"""Name -> bit of a way to write numbers that a column may use beside plain ones."""


_IN_WORDS = {
    "limits": "<5, 100+ and ~20 are 5, 100 and 20",
    "scales": "letters such as k and M multiply",
    "ordinals": "1st is 1",
    "fractions": "3/4 is 0.75",
    "m:ss": "2:30 is 150 seconds",
    "h:mm": "2:30 is 150 minutes",
    "parts": "3 h 20 min is given in the smaller unit",
    "ranges": "of ranges the middle and the width",
    "brackets": "(5) is -5",
}


@dataclass(frozen=True)
class Numbers:
    """The numbers of a column's cells.

    Attributes:
        middle: float64 `[rows, units]`, NaN where a cell has no number in this unit; the middle of a range.
        width: float64 `[rows, units]`, of ranges; 0 for a single number.
    """

    middle: np.ndarray
    width: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Bool `[rows]`, where the cell was read."""
        return np.asarray(~np.isnan(self.middle).all(axis=1))


@dataclass(frozen=True)
class NumberFormat:
    """The way that a column's numbers are written.

    >>> NumberFormat(decimal=",", units=("€",)).parse(pa.array(["1.234,50 €", "n/a", "7"])).middle.tolist()
    [[1234.5], [nan], [7.0]]

    Attributes:
        decimal: the mark before decimals where it is in doubt, as in `1,234`.
        units: names of units; cells without one have the only unit, or that named "" if there are several.
        forms: names of `FORMS` that occur.
    """

    decimal: str = "."
    units: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, decimal: str = ".", units: Sequence[str] = (), forms: Sequence[str] = ()
    ) -> NumberFormat:
        """Return the format that settings describe.

        Raises:
            ValueError: a mark or form that there is none of.
        """
        if decimal not in (".", ","):
            raise ValueError(f"Parameter `decimal` should be '.' or ','. Found {decimal!r}.")
        unknown = [form for form in forms if form not in FORMS]
        if unknown or {"m:ss", "h:mm"} <= set(forms):
            raise ValueError(
                f"Parameter `forms` should hold some of {', '.join(FORMS)}; of m:ss and h:mm at most one. "
                f"Found {list(forms)}."
            )
        names = dict.fromkeys(unit_name(str(unit)) for unit in units)
        return cls(decimal, tuple(names), tuple(forms))

    @property
    def is_plain(self) -> bool:
        """True if nothing is needed beyond digits and a decimal point."""
        return self == NumberFormat()

    @property
    def columns(self) -> tuple[str, ...]:
        """Units of the columns of `Numbers`."""
        return self.units or ("",)

    def settings(self) -> dict[str, object]:
        """Return the fields that differ from the defaults, as JSON values."""
        plain = NumberFormat()
        fields = {"decimal": self.decimal, "units": list(self.units), "forms": list(self.forms)}
        return {
            name: value for name, value in fields.items() if value not in (getattr(plain, name), [])
        }

    def parse(self, strings: pa.Array) -> Numbers:
        """Return the numbers of cells, NaN where a cell is missing or cannot be read."""
        strings = pc.utf8_trim_whitespace(strings.cast(pa.large_string()))
        strings = pc.if_else(
            pc.or_kleene(says_missing(strings), strings.is_null()),
            pa.nulls(len(strings), strings.type),
            strings,
        )
        plain = self._all_plain(strings)
        if plain is not None:
            return plain
        coded = strings.dictionary_encode()
        if 2 * len(coded.dictionary) > len(strings) or not len(coded.dictionary):
            return self.of_amounts(amounts_in(strings, self.decimal))
        numbers = self.of_amounts(amounts_in(coded.dictionary, self.decimal))
        codes = as_integers(coded.indices)
        lost = (codes < 0)[:, None]
        return Numbers(
            np.where(lost, np.nan, numbers.middle[codes]),
            np.where(lost, np.nan, numbers.width[codes]),
        )

    def _all_plain(self, strings: pa.Array) -> Numbers | None:
        """Return the numbers if all cells are plain ones; most columns are, and this is the fast way."""
        if self.decimal != "." or (len(self.units) > 1 and "" not in self.units):
            return None
        if not pc.all(pc.match_substring_regex(strings, PLAIN_NUMBER)).as_py():
            return None
        return self.of_floats(plain_numbers(strings))

    def of_floats(self, values: np.ndarray) -> Numbers:
        """Return plain numbers `[rows]`, which have no unit."""
        middle = np.full((len(values), len(self.columns)), np.nan)
        place = self._place("")
        if place >= 0:
            middle[:, place] = values
        return Numbers(middle, np.where(np.isnan(middle), np.nan, 0.0))

    def describe(self) -> str:
        """Return the format in words; empty for plain numbers.

        >>> NumberFormat(",", ("kg", "lb"), ("ranges",)).describe()
        "a decimal comma; a feature each for 'kg' and 'lb'; of ranges the middle and the width"
        """
        named = sorted(
            (repr(unit) if unit else "no unit" for unit in self.units), key="no unit".__eq__
        )
        parts = ["a decimal comma"] if self.decimal == "," else []
        if len(named) == 1:
            parts.append(f"in the unit {named[0]}")
        elif named:
            parts.append(f"a feature each for {', '.join(named[:-1])} and {named[-1]}")
        return "; ".join([*parts, *(_IN_WORDS[form] for form in self.forms)])

    def _place(self, unit: str) -> int:
        """Return the column of a unit, -1 if there is none."""
        if unit in self.columns:
            return self.columns.index(unit)
        return 0 if not unit and len(self.columns) == 1 else -1

    def of_amounts(self, amounts: Amounts) -> Numbers:
        """Return the numbers among `amounts` that this format knows."""
        middle = np.full((len(amounts.low), len(self.columns)), np.nan)
        width = middle.copy()
        for part in (amounts, amounts.second):
            if part is None:
                continue
            place, times = self._columns_of(part)
            rows = np.flatnonzero(part.known & (place >= 0) & ~self._foreign(part.forms))
            rows = rows[np.isnan(middle[rows, place[rows]])]
            low, high = part.low[rows] * times[rows], part.high[rows] * times[rows]
            with np.errstate(invalid="ignore"):  # the difference of infinite numbers
                middle[rows, place[rows]] = np.where(low == high, low, low + (high - low) / 2)
                width[rows, place[rows]] = np.where(low == high, 0.0, high - low)
        return Numbers(middle, width)

    def _foreign(self, forms: np.ndarray) -> np.ndarray:
        allowed = 0
        for form in self.forms:
            allowed |= FORMS[form]
        return np.asarray((forms & ~allowed) != 0)

    def _columns_of(self, amounts: Amounts) -> tuple[np.ndarray, np.ndarray]:
        """Return the column of each amount, -1 for none, and the factor to its unit."""
        clock = (amounts.forms & Form.CLOCK != 0) & (amounts.unit == 0)
        places, factors = [], []
        smaller = "min" if "h:mm" in self.forms else "s"
        for unit in (*amounts.units, smaller):
            name = unit.removeprefix("·")
            place, times = self._place(name), 1.0
            other = convertible(name, self.units) if place < 0 else None
            if other is not None:
                place, times = self.units.index(other), factor(name, other) or 1.0
            places.append(place)
            factors.append(times)
        codes = np.where(clock, len(amounts.units), amounts.unit)
        return np.array(places)[codes], np.array(factors)[codes]

    def in_one_unit(self, numbers: Numbers) -> np.ndarray:
        """Return float64 `[rows]` in the first unit, NaN where a cell has none that measures the same."""
        values = np.full(len(numbers.middle), np.nan)
        for place, unit in enumerate(self.columns):
            times = factor(unit, self.columns[0])
            if times is not None:
                values = np.where(np.isnan(values), numbers.middle[:, place] * times, values)
        return values

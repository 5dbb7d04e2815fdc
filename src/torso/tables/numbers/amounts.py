"""Numbers of cells with their units, and two of them joined: a range from both of its ends, or from middle and half."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from torso.tables.numbers.tails import Form

__all__ = ["Amounts", "around", "span"]


@dataclass
class Amounts:
    """Numbers of cells, and their units by number.

    Attributes:
        low: float64 `[rows]`, NaN where the cell is no number; the lower end of a range.
        high: the same, or the upper end.
        unit: int64 `[rows]`, position in `units`.
        forms: int64 `[rows]`, bits of `Form`.
        scale: float64 `[rows]`, that the numbers were multiplied by, as 1,000,000 for a million.
        units: names of the units; the first is "", for none.
        second: the same numbers in another unit, as in `200 ft (61 m)`.
    """

    low: np.ndarray
    high: np.ndarray
    unit: np.ndarray
    forms: np.ndarray
    scale: np.ndarray
    units: list[str]
    second: Amounts | None = None

    @classmethod
    def empty(cls, rows: int, units: list[str]) -> Amounts:
        """Return amounts of `rows` cells that are no numbers."""
        nothing = np.full(rows, np.nan)
        zeros = np.zeros(rows, np.int64)
        return cls(nothing, nothing.copy(), zeros, zeros.copy(), np.ones(rows), units)

    @property
    def known(self) -> np.ndarray:
        """Bool `[rows]`, where the cell is a number."""
        return np.asarray(~np.isnan(self.low))

    def put(self, rows: np.ndarray, other: Amounts) -> None:
        """Take the numbers of `other` for `rows`."""
        rows, known = rows[other.known], other.known
        self.low[rows], self.high[rows] = other.low[known], other.high[known]
        self.unit[rows], self.forms[rows] = other.unit[known], other.forms[known]
        self.scale[rows] = other.scale[known]

    def index(self, unit: str) -> int:
        """Return the position of a unit, which is added if it is new."""
        if unit not in self.units:
            self.units.append(unit)
        return self.units.index(unit)


def span(low: Amounts, high: Amounts) -> Amounts:
    """Return ranges from both of their ends; an end without a unit or scale has those of the other."""
    out = Amounts.empty(len(low.low), low.units)
    bare_low, bare_high = low.unit == 0, high.unit == 0
    same = (low.unit == high.unit) | bare_low | bare_high
    out.unit = np.where(bare_low, high.unit, low.unit)
    out.forms = low.forms | high.forms | Form.RANGE
    shared = (low.scale == 1) & (low.low <= high.low / high.scale)  # $1-2 million
    out.scale = high.scale
    out.low = np.where(shared, low.low * high.scale, low.low)
    good = same & (out.low <= high.low)
    out.low, out.high = np.where(good, out.low, np.nan), np.where(good, high.low, np.nan)
    return out


def around(middle: Amounts, off: Amounts) -> Amounts:
    """Return ranges from 5 ± 1."""
    zero = Amounts(**{**vars(off), "low": np.zeros(len(off.low)), "high": off.low})
    out = span(zero, off)
    good = out.known & (off.low >= 0) & ((middle.unit == 0) | (middle.unit == out.unit))
    out.low = np.where(good, middle.low - off.low, np.nan)
    out.high = np.where(good, middle.low + off.low, np.nan)
    return out

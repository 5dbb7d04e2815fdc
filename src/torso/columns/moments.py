"""Mean and spread of numbers that neither one wild cell nor an odd unit can spoil.

A cell far from all others (a slip of the keyboard, a sign for missing such as 1e12) would take mean and spread to
itself and leave nothing between the other cells. Where no cell is that far, these are the plain moments.
"""

from __future__ import annotations

import numpy as np

__all__ = ["FAR", "all_equal", "moments", "near", "reach", "unit_of"]

FAR = 5e3
"""Spreads from the median from which a cell is far, if it is rare and there is a gap before it."""
_GAP = 10.0  # times as far as the farthest cell that is not
_RARE = 0.05  # share of the cells; one is rare in any column
_FEWEST = 5  # cells
_SPREADS_IN_QUARTERS = 1.349  # between the quartiles of a Gaussian
_ROUNDING = 1e-14  # relative; smaller differences are not of the data
_ORDINARY = 1e-100, 1e100  # sizes whose squares are float64


def moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each column of `values` `[rows, numbers]`, NaN where missing.

    >>> moments(np.array([[1e200], [3e200]]))
    (array([2.e+200]), array([1.e+200]))
    """
    unit = unit_of(values)
    scaled = values / unit
    return unit * np.nanmean(scaled, axis=0), unit * np.nanstd(scaled, axis=0)


def all_equal(values: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Return bool `[numbers]`: where the values `[rows, numbers]` differ by rounding only.

    Args:
        values: NaN where missing.
        std: their standard deviation.
    """
    sizes = np.max(np.abs(values), axis=0, initial=0.0, where=~np.isnan(values))
    return np.asarray(std <= _ROUNDING * sizes)


def near(values: np.ndarray) -> np.ndarray:
    """Return bool `[rows]`: False where a finite number lies far from all others.

    >>> near(np.array([3.0, 1.0, 2.0, 4.0, 1e12, 2.0])).tolist()
    [True, True, True, True, False, True]
    """
    ends = reach(values)
    return np.ones(len(values), bool) if ends is None else (values >= ends[0]) & (values <= ends[1])


def reach(values: np.ndarray) -> tuple[float, float] | None:
    """Return between which ends a number is not far from finite `values` `[rows]`; None where any may be.

    These are `FAR` robust spreads around the median, or ten times as far as the farthest value before a gap. The
    spread is that between the quartiles or, where these are equal, half-way to the values beside them.
    """
    if len(values) < _FEWEST:
        return None
    unit = float(unit_of(values))
    scaled = values / unit
    low, middle, high = np.quantile(scaled, [0.25, 0.5, 0.75])
    off = np.abs(scaled - middle)
    spread = (high - low) / _SPREADS_IN_QUARTERS
    if spread <= _ROUNDING * np.abs(scaled).max():
        spread = np.median(off[off > 0]) if (off > 0).any() else 0.0
    far = off > FAR * spread
    if not spread or far.sum() > max(1.0, _RARE * len(values)):
        return None
    most = max(FAR * spread, _GAP * off[~far].max())
    for next_off in np.sort(off[far]):  # a heavy tail has no gap
        if next_off > most:
            break
        most = max(most, _GAP * next_off)
    with np.errstate(over="ignore"):
        ends = unit * np.array([middle - most, middle + most])
    first, last = np.nan_to_num(ends).tolist()
    return first, last


def unit_of(values: np.ndarray) -> np.ndarray:
    """Return a divisor of each column, a power of two, so that squares are float64; 1 for all ordinary sizes."""
    sizes = np.max(np.abs(values), axis=0, initial=0.0, where=~np.isnan(values))
    odd = (sizes > 0) & ((sizes < _ORDINARY[0]) | (sizes > _ORDINARY[1]))
    exponents = np.frexp(sizes)[1]
    return np.where(odd, np.ldexp(1.0, np.clip(exponents, -1000, 1000)), 1.0)

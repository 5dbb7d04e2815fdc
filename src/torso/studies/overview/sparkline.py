"""Curves as a line of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

__all__ = ["binned", "sparkline"]

BARS = "▁▂▃▄▅▆▇█"
_GAP = " "


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """Return a curve in characters of eight heights; a gap where it is undefined.

    >>> sparkline([3.0, 2.0, math.nan, 1.0]), sparkline([1.0, 1.0]), sparkline(range(100), width=8)
    ('█▅ ▁', '▁▁', '▁▂▃▄▅▆▇█')

    Args:
        values: of the curve.
        width: characters at most; each then stands for the mean of several values.
    """
    means = binned(values, width)
    known = [mean for mean in means if math.isfinite(mean)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    span = high - low or 1.0
    return "".join(
        BARS[round((mean - low) / span * (len(BARS) - 1))] if math.isfinite(mean) else _GAP
        for mean in means
    )


def binned(values: Sequence[float], bins: int) -> list[float]:
    """Return the means of neighbours, in as many bins as given at most; NaN where none is known."""
    bins = min(len(values), bins)
    edges = [len(values) * at // bins for at in range(bins + 1)] if bins else []
    return [_mean(values[start:end]) for start, end in pairwise(edges)]


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan

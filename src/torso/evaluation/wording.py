"""Values of metrics as a person reads them."""

from __future__ import annotations

import math

from torso.evaluation.estimate import Estimate

__all__ = ["UNDEFINED", "estimate_text", "number_text"]

UNDEFINED = "–"


def estimate_text(estimate: Estimate) -> str:
    """Return the value with its interval, where it has one.

    >>> estimate_text(Estimate(0.5, 0.45, 0.55))
    '0.500 [0.450, 0.550]'
    """
    if not math.isfinite(estimate.low):
        return number_text(estimate.value)
    return (
        f"{number_text(estimate.value)} [{number_text(estimate.low)}, {number_text(estimate.high)}]"
    )


def number_text(value: float) -> str:
    """Return about three digits that matter.

    >>> [number_text(x) for x in (0.12345, 12.345, 12345.6, 0.00012, 3e-16, 3e-30, float("nan"))]
    ['0.123', '12.35', '12,346', '1.20e-04', '0.000', '3.00e-30', '–']
    """
    size = abs(value)
    if not math.isfinite(value):
        return UNDEFINED
    rounding = 1e-17 < size < 1e-15  # of a share that is 0; anything less has a tiny unit
    if size >= 1e9 or (0 < size < 1e-3 and not rounding):
        return f"{value:.2e}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.2f}" if size >= 10 else f"{value:.3f}"

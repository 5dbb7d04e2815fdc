"""Several comparisons at once: the chance of each difference if there were none, and Holm's correction.

>>> holm([0.01, 0.04, 0.03]), holm([])
([0.03, 0.06, 0.06], [])
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from torso.evaluation.weighted import Floats

__all__ = ["holm", "p_of_difference"]


def holm(chances: Sequence[float]) -> list[float]:
    """Return p-values that hold for all comparisons together; NaN stays, and counts as no comparison.

    From Holm 1979, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6: the
    smallest of m is multiplied by m, the next by m - 1, and none falls below the one before.

    Args:
        chances: p-value of each comparison alone.
    """
    values = np.asarray(chances, np.float64)
    order = [
        int(index) for index in np.argsort(values, kind="stable") if not np.isnan(values[index])
    ]
    adjusted = np.full(len(values), math.nan)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * float(values[index])))
        adjusted[index] = highest
    return [float(value) for value in adjusted]


def p_of_difference(value: float, drawn: Floats, units: int) -> float:
    """Return the two-sided p-value of a difference whose bootstrap draws are known; NaN where it is undefined.

    A t test with the spread of the draws. So it falls below the share of draws on the other side of zero, which many
    comparisons ask for. It is at least that of a sign test in which all units agree, `2 ** (1 - units)`: five labels
    prove nothing.

    >>> p_of_difference(1.0, np.array([0.9, 1.1, 1.0]), units=5)
    0.0625
    >>> p_of_difference(0.0, np.zeros(3), units=100)
    1.0

    Args:
        value: of the difference.
        drawn: the difference in each resample.
        units: rows, or groups of rows, that were resampled.
    """
    drawn = drawn[np.isfinite(drawn)]
    if not math.isfinite(value) or len(drawn) < 2 or units < 2:
        return math.nan
    if value == 0.0:
        return 1.0
    from scipy.special import stdtr  # `scipy.stats` would take two seconds to import

    spread = float(drawn.std(ddof=1))
    chance = 2.0 * float(stdtr(units - 1, -abs(value) / spread)) if spread > 0.0 else 0.0
    return max(chance, 2.0 ** (1 - units))

"""The minimum of a function of one number, for refits on held-out rows."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

__all__ = ["golden_section", "refit_by_golden_section"]

_STEPS = 30  # golden sections: the place is known to one in a million of the range
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def golden_section(cost: Callable[[float], float], low: float, high: float) -> float:
    """Return the minimiser of `cost`, which has one valley, between `low` and `high`.

    >>> round(golden_section(lambda x: (x - 0.3) ** 2, -1.0, 1.0), 4)
    0.3
    """
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = cost(left), cost(right)
    for _ in range(_STEPS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = cost(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = cost(right)
    return (low + high) / 2


def refit_by_golden_section(
    parameter: Tensor, loss: Callable[[], Tensor], low: float, high: float
) -> None:
    """Fill a parameter of one number with that between `low` and `high` at which the `loss` is least.

    It stays as trained where no other is better.
    """

    def cost(value: float) -> float:  # leaves the value set
        parameter.fill_(value)
        return float(loss())

    trained = float(parameter)
    as_trained = cost(trained)
    if not cost(golden_section(cost, low, high)) < as_trained:
        cost(trained)

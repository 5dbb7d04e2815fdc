"""Statistics of angles in radians: K. V. Mardia, P. E. Jupp, Directional Statistics, Wiley 2000."""

from __future__ import annotations

import math

import numpy as np

from torso.evaluation.weighted import Floats

__all__ = ["MOST", "apart", "likeliest_concentration", "mean_direction"]

MOST = 1e4
"""The highest concentration that is fitted: a spread of about half a degree."""
_LEAST = 1e-6
_HALVINGS = 60


def apart(first: Floats, second: Floats) -> Floats:
    """Return how far angles are apart, the shorter way round, from 0 to pi.

    >>> apart(np.array([0.1]), np.array([2 * np.pi - 0.1])).round(6).tolist()
    [0.2]
    """
    return np.abs(np.mod(first - second + np.pi, 2 * np.pi) - np.pi)


def mean_direction(angles: Floats) -> tuple[float, float]:
    """Return the direction of the mean of the unit vectors, from 0 to 2 pi, and its length, from 0 to 1.

    >>> direction, length = mean_direction(np.array([0.0, np.pi / 2]))
    >>> round(direction, 6), round(length, 6)
    (0.785398, 0.707107)
    """
    x, y = float(np.cos(angles).mean()), float(np.sin(angles).mean())
    return math.atan2(y, x) % (2 * math.pi), math.hypot(x, y)


def likeliest_concentration(length: float) -> float:
    """Return the concentration of the von Mises distribution that makes angles likeliest, at most `MOST`.

    It is where the mean length `I1(k) / I0(k)` of the distribution is that of the angles (Mardia & Jupp, 5.3.2).

    >>> round(likeliest_concentration(0.446398), 3), likeliest_concentration(0.0), likeliest_concentration(1.0)
    (1.0, 0.0, 10000.0)
    """
    from scipy.special import i0e, i1e

    low, high = math.log(_LEAST), math.log(MOST)
    if float(i1e(_LEAST) / i0e(_LEAST)) >= length:
        return 0.0
    if float(i1e(MOST) / i0e(MOST)) <= length:
        return MOST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        concentration = math.exp(middle)
        below = float(i1e(concentration) / i0e(concentration)) < length
        low, high = (middle, high) if below else (low, middle)
    return math.exp(low)

"""Means and spreads to the last digit of NumPy's, without its checks, which cost more than a small picture's sums.

A spread needs the mean, too: both are told together.
"""

from __future__ import annotations

import math

import numpy as np

__all__ = ["mean", "mean_and_spread"]

Axes = tuple[int, ...]


def mean(values: np.ndarray, axes: Axes) -> np.ndarray:
    """Return `values.mean(axes)` of floats or truth values."""
    number = np.float64 if values.dtype == bool else None
    sums: np.ndarray = np.add.reduce(values, axes, number)
    return sums / _count(values, axes)


def mean_and_spread(values: np.ndarray, axes: Axes) -> tuple[np.ndarray, np.ndarray]:
    """Return `values.mean(axes)` and `values.std(axes)` of floats.

    >>> [float(each) for each in mean_and_spread(np.array([1.0, 3.0]), (0,))]
    [2.0, 1.0]
    """
    count = _count(values, axes)
    middle = np.add.reduce(values, axes, keepdims=True) / count
    away = values - middle
    spread = np.sqrt(np.add.reduce(np.square(away, out=away), axes) / count)
    return middle.squeeze(axes), spread


def _count(values: np.ndarray, axes: Axes) -> int:
    return math.prod(values.shape[axis] for axis in axes)

"""Columns of floats as inputs: standardised by the training rows, missing where not finite."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from torso.columns.far_cells import far_cells
from torso.columns.inputs._input import Input, Offers
from torso.columns.moments import all_equal, moments, near
from torso.columns.reading import Reading
from torso.columns.sources import ArraySource
from torso.tables.table import Column

__all__ = ["Standardised"]

_BINS = 32
_CLIP = 20.0  # standard deviations; encoders read no further
_FAR = 1e6  # standard deviations; a wilder cell says no more, and might not fit float32


class Standardised(Input):
    """Columns of floats, standardised. A subclass says how cells become floats."""

    learned = ("mean", "std", "quantiles")
    quickly_learnt: ClassVar[bool] = True

    def __init__(self) -> None:
        self.mean: list[float] = []
        self.std: list[float] = []
        self.quantiles: list[list[float]] = []

    @abstractmethod
    def floats(self, column: Column, reading: Reading) -> np.ndarray:
        """Return float64 `[rows, features]`, NaN where missing."""

    def fit(self, column: Column) -> None:
        """Learn mean, spread and quantiles."""
        values = self.floats(column, Reading())
        self.mean, self.std, self.quantiles = [], [], []
        far = np.zeros(len(values), bool)
        for feature in values.T:
            finite = np.isfinite(feature)
            known = feature[finite]
            close = near(known)
            far[finite] |= ~close
            mean, std = _moments(known[close])
            with np.errstate(over="ignore"):  # a cell of 1e300
                scaled = (known - mean) / std if len(known) else np.zeros(1)
            edges = _edges(scaled.clip(-_CLIP, _CLIP))
            self.mean.append(mean)
            self.std.append(std)
            self.quantiles.append([float(edge) for edge in edges])
        self.notes = far_cells(column, np.flatnonzero(far).tolist())

    def source(self, column: Column, reading: Reading) -> ArraySource:
        """Return standardised float32 `[rows, features]`."""
        values = self.floats(column, reading)
        mask = np.isfinite(values)
        with np.errstate(over="ignore"):
            scaled = (np.where(mask, values, 0.0) - np.array(self.mean)) / np.array(self.std)
        scaled = np.where(mask, scaled, 0.0).clip(-_FAR, _FAR)
        return ArraySource(scaled.astype(np.float32), mask)

    def offered(self) -> Offers:
        """Offer the bin edges of each feature."""
        return {"quantiles": self.quantiles}


def _moments(known: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation; 1 for that of values that are all equal."""
    if not len(known):
        return 0.0, 1.0
    column = known[:, None]
    mean, std = moments(column)
    return float(mean[0]), 1.0 if all_equal(column, std)[0] else float(std[0])


def _edges(values: np.ndarray) -> np.ndarray:
    """Return bin edges `[_BINS + 1]`: quantiles in which no single value counts for more than one bin.

    Plain quantiles of a column that is 92 % zeros would put nearly all edges at zero and leave one bin for
    everything else.
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= _BINS + 1:
        return np.pad(distinct, (0, _BINS + 1 - len(distinct)), mode="edge")
    weights = counts.astype(np.float64)
    for _ in range(50):  # capping shrinks the sum, and with it the cap; this settles quickly
        weights = np.minimum(weights, weights.sum() / _BINS)
    ranks = np.cumsum(weights) - weights / 2
    ranks = (ranks - ranks[0]) / (ranks[-1] - ranks[0])  # from 0 to 1
    indices = np.searchsorted(ranks, np.linspace(0, 1, _BINS + 1)).clip(max=len(distinct) - 1)
    return np.asarray(distinct[indices])

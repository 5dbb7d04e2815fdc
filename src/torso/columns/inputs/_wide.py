"""Lists of numbers as inputs: a mean and a spread per number."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from torso.columns.far_cells import far_cells
from torso.columns.inputs._input import Input, Offers
from torso.columns.moments import all_equal, moments, near
from torso.tables.table import Column

__all__ = ["Wide"]

_CLIP = 10.0  # standard deviations


class Wide(Input):
    """Base of vectors and sequences: a mean and a spread per number."""

    learned = ("mean", "std")
    plain: ClassVar[bool] = False
    quickly_learnt: ClassVar[bool] = True

    def __init__(self) -> None:
        self.mean: list[float] = []
        self.std: list[float] = []

    def learn_numbers(self, values: np.ndarray, column: Column, rows: np.ndarray) -> None:
        """Learn from `values` `[any, width]`, NaN where missing.

        Args:
            values: of all cells, one after the other.
            column: that they come from.
            rows: `[any]`, the position of each in the column.
        """
        finite = np.where(np.isfinite(values), values, np.nan)
        far = np.zeros(len(values), bool)
        for numbers in finite.T:  # a view
            known = ~np.isnan(numbers)
            close = near(numbers[known])
            far[known] |= ~close
            numbers[known] = np.where(close, numbers[known], np.nan)
        self.notes = far_cells(column, np.unique(rows[far]).tolist())
        empty = np.isnan(finite).all(axis=0)
        finite[:1, empty] = 0.0
        mean, std = moments(finite) if len(finite) else (np.zeros(finite.shape[1]),) * 2
        self.mean = mean.tolist()
        self.std = np.where(all_equal(finite, std), 1.0, std).tolist()

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Return float32 with unknown numbers at their mean."""
        with np.errstate(over="ignore"):  # a cell of 1e300
            scaled = (values - np.array(self.mean)) / np.array(self.std)
        return np.where(np.isfinite(values), scaled.clip(-_CLIP, _CLIP), 0.0).astype(np.float32)

    def offered(self) -> Offers:
        """Offer the width."""
        return {"width": len(self.mean)}

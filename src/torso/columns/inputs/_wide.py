"""Lists of numbers as inputs: a mean and a spread per number."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from torso.columns.inputs._input import Input, Offers

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

    def learn(self, values: np.ndarray) -> None:
        """Learn from `[any, width]`, NaN where missing."""
        finite = np.where(np.isfinite(values), values, np.nan)
        counts = np.isfinite(finite).sum(axis=0)
        totals = np.nansum(finite, axis=0)
        mean = totals / np.maximum(counts, 1)
        std = np.sqrt(np.nansum((finite - mean) ** 2, axis=0) / np.maximum(counts, 1))
        self.mean = mean.tolist()
        self.std = np.where(std > 1e-12 * np.maximum(1.0, np.abs(mean)), std, 1.0).tolist()

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Return float32 with unknown numbers at their mean."""
        scaled = (values - np.array(self.mean)) / np.array(self.std)
        return np.where(np.isfinite(scaled), scaled.clip(-_CLIP, _CLIP), 0.0).astype(np.float32)

    def offered(self) -> Offers:
        """Offer the width."""
        return {"width": len(self.mean)}

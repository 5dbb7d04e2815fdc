"""Columns of the flat view that are made of an encoder's tokens, for whoever has the tokens beside the view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from torso.plain.flat._flattener import Flattener, Measured
from torso.plain.flat.encoded import EncodedFlattener

__all__ = ["TokenColumns"]


@dataclass(frozen=True, eq=False)
class TokenColumns:
    """Dense columns of a fitted view that are made of one modality's tokens.

    Attributes:
        modality: its name.
        flattener: as it was fitted.
        places: of the columns among the dense ones of the view, int64 `[columns]`.
        picked: the same columns among those of the flattener.
    """

    modality: str
    flattener: EncodedFlattener
    places: np.ndarray
    picked: np.ndarray

    @classmethod
    def of(cls, modality: str, flattener: Flattener, start: int, kept: np.ndarray) -> TokenColumns:
        """Return the columns of a flattener.

        Args:
            modality: its name.
            flattener: that reads its tokens.
            start: of its columns among all, before constant ones are dropped.
            kept: columns that vary, in the order of the view.
        """
        own = (kept >= start) & (kept < start + len(flattener.names))
        reader = cast("EncodedFlattener", flattener)
        return cls(modality, reader, np.flatnonzero(own), kept[own] - start)

    def gap(self, rows: int) -> Measured:
        """Return the measurement of rows without tokens."""
        return (np.zeros((rows, 0), np.float32),) * 2

    def columns(self, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Return the columns, float32 `[rows, columns]`; NaN in rows without tokens.

        Args:
            values: tokens `[rows, length, width]`.
            mask: bool `[rows, length]`.
        """
        present = mask.any(axis=1)
        statistics = np.full((len(mask), self.flattener.size), np.nan, np.float32)
        if present.any():
            statistics[present] = self.flattener.describe(values[present], mask[present])
        facts = np.zeros((len(mask), 0), np.float32)
        dense: np.ndarray = self.flattener.piece((statistics, facts)).dense[:, self.picked]
        return dense

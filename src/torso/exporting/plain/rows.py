"""Rows in the flat view, as a traced graph takes them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from torso.plain.flat.flat import Flat

__all__ = ["FlatRows"]


class FlatRows(NamedTuple):
    """Rows as plain models read them.

    Attributes:
        dense: float32 `[rows, columns]`, NaN where missing.
        rows: row of each entry of the sparse part, int64 `[entries]`.
        columns: its column, int64 `[entries]`.
        values: its value, float32 `[entries]`.
        known: bool `[rows]`: rows that lack only what rows of the fit lacked.
    """

    dense: Tensor
    rows: Tensor
    columns: Tensor
    values: Tensor
    known: Tensor

    @classmethod
    def of(cls, flat: Flat, known: np.ndarray) -> FlatRows:
        """Return rows of a flat view.

        Args:
            flat: the rows.
            known: from `torso.plain.patterns.met`.
        """
        entries = flat.sparse.tocoo()
        return cls(
            torch.from_numpy(np.ascontiguousarray(flat.dense, np.float32)),
            torch.from_numpy(entries.coords[0].astype(np.int64)),
            torch.from_numpy(entries.coords[1].astype(np.int64)),
            torch.from_numpy(entries.data.astype(np.float32)),
            torch.from_numpy(np.asarray(known, bool)),
        )

"""Flat rows: the numbers and sparse counts that plain models learn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Flat"]


@dataclass(frozen=True, eq=False)
class Flat:
    """Some rows of a table, flat.

    Attributes:
        dense: float32 `[rows, d]`, NaN where missing.
        codes: columns of `dense` that hold category codes: 0 for a rare or unseen value, NaN for a missing one.
        sparse: float32 `[rows, D]`: one-hot codes, labels, n-grams.
        names: of the dense columns.
    """

    dense: np.ndarray
    codes: tuple[int, ...]
    sparse: csr_array
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.dense)

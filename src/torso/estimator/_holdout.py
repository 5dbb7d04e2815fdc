"""The validation rows of `y`: spread over its values, and never the only row of a class."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from torso.columns.cells import texts
from torso.core.errors import DataError
from torso.tables.table import Table

__all__ = ["held_out"]


def held_out(labels: Table, share: float, seed: int) -> np.ndarray:
    """Return bool `[rows]`: the validation rows, drawn from those that have a label.

    With one target they are spread evenly over its values, small and large or rare and common. One row of every
    class of every target stays in training as long as there are rows besides.

    Args:
        labels: the targets' columns.
        share: of the labelled rows.
        seed: of the draw.

    Raises:
        DataError: fewer than two rows with a label.
    """
    codes = [_codes(labels, name) for name in labels.names]
    known = np.flatnonzero(np.any([code >= 0 for code in codes], axis=0))
    if len(known) < 2:
        raise DataError(
            "`fit` should be given at least two rows with a label, one to learn from and one that decides when to "
            f"stop. Found n_samples={len(known)} with a label in `y`."
        )
    rows = np.random.default_rng(seed).permutation(known)
    first = np.zeros(labels.rows, dtype=bool)
    for code in codes:
        here = rows[code[rows] >= 0]
        values, offsets = np.unique(code[here], return_index=True)
        if len(values) <= len(here) / 2:
            first[here[offsets]] = True
    wanted = min(max(1, round(share * len(rows))), len(rows) - 1)
    free = rows[~first[rows]]
    if len(free) < wanted:
        free = rows
    if len(codes) == 1:
        free = free[np.argsort(codes[0][free], kind="stable")]
    chosen = np.zeros(labels.rows, dtype=bool)
    chosen[free[((np.arange(wanted) + 0.5) * len(free) / wanted).astype(np.int64)]] = True
    return chosen


def _codes(labels: Table, name: str) -> np.ndarray:
    """Return int64 `[rows]`: the rank of each label among the sorted ones, -1 where missing."""
    column = labels.column(name)
    known = column.values.is_valid().to_numpy(zero_copy_only=False)
    codes = np.full(labels.rows, -1, dtype=np.int64)
    if pa.types.is_nested(column.values.type):
        codes[known] = np.arange(known.sum())
    elif pa.types.is_integer(column.values.type) or pa.types.is_floating(column.values.type):
        values = column.values.drop_null().to_numpy(zero_copy_only=False)
        codes[known] = np.unique(values, return_inverse=True)[1]
    else:
        values = np.array(texts(column).drop_null().to_pylist(), dtype=object)
        codes[known] = np.unique(values, return_inverse=True)[1]
    return codes

"""Columns of a fit that are no inputs: the part or the group of each row, and its weight."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from torso.estimator._columns import unused
from torso.estimator._holdout import held_out
from torso.tables.table import Table, read_table

__all__ = ["with_split", "with_weights"]


def with_split(
    table: Table, labels: Table, groups: object, validation: float, seed: int
) -> tuple[Table, dict[str, object]]:
    """Return the table with a column by which it is split, and the settings that name it.

    Args:
        table: inputs and labels.
        labels: alone.
        groups: `[rows]`, whole groups are held out; None: rows are.
        validation: share that is held out.
        seed: of the draw.
    """
    name = unused("split" if groups is None else "group", table.names)
    column = np.asarray(groups)
    if groups is None:
        column = np.where(held_out(labels, validation, seed), "validation", "train")
    path = "data.split.column" if groups is None else "data.split.group"
    return _with(table, name, column), {path: name, "data.split.validation": validation}


def with_weights(table: Table, sample_weight: object) -> tuple[Table, dict[str, object]]:
    """Return the table with a column of weights, and the setting that names it; without weights, no change.

    Raises:
        ValueError: they are not a finite number for each row.
    """
    if sample_weight is None:
        return table, {}
    weights = _check_sample_weight(sample_weight, np.zeros((table.rows, 1)), dtype=np.float64)
    name = unused("sample_weight", table.names)
    return _with(table, name, weights), {"data.weight": name}


def _with(table: Table, name: str, values: np.ndarray) -> Table:
    return table.with_column(name, read_table({name: values}))

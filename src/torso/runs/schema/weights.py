"""`data.weight`: a column with the weight of each row in training.

The losses of the network and of the plain models are weighted means, and so are those that choose the weights of the
blend. All that judges (early stopping, calibration, metrics) counts each row once, so figures compare with those of other
runs.
A row of weight 0 is in no part that anything is learnt or chosen from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from torso.columns import cells
from torso.columns.dataset import Dataset
from torso.columns.splits import Split
from torso.core.cures import setting
from torso.core.errors import ConfigError, DataError, unknown
from torso.tables.table import Table

__all__ = ["RowWeights", "check_weight_column"]


@dataclass(frozen=True, eq=False)
class RowWeights:
    """Weights of the rows of a run's tables; without a column, every row weighs the same.

    Attributes:
        column: that holds the weights; None for none.
        unit: the weight that counts as 1: the mean of the rows that are learnt from.
        notes: sentences for the user.
    """

    column: str | None = None
    unit: float = 1.0
    notes: tuple[str, ...] = ()

    @classmethod
    def read(
        cls, column: str | None, table: Table, split: Split, own: Mapping[str, Table]
    ) -> tuple[RowWeights, Split]:
        """Return the weights and the split without training and validation rows of weight 0.

        Args:
            column: that holds the weights; None for none.
            table: that is split.
            split: of its rows.
            own: `validation` or `test` -> a table of its own.

        Raises:
            ConfigError: a table to learn from lacks the column.
            DataError: a weight of a row to learn from is missing, negative, infinite or no number, or all are 0.
        """
        if column is None:
            return cls(), split
        weights = _checked(table, column, np.concatenate([split.train, split.validation]))
        learnt = [(table, weights, split.train), (table, weights, split.validation)]
        if "validation" in own:
            other = own["validation"]
            every = np.arange(other.rows)
            learnt[1] = other, _checked(other, column, every), every
        for of, values, rows in learnt:
            if len(rows) and not values[rows].any():
                raise DataError(
                    f"{of.name}, column {column!r}: all {len(rows)} rows of training or validation weigh 0. Give some "
                    f"a weight above 0, or weigh all rows alike: {setting('data.weight', None)}"
                )
        none = sum(int((values[rows] == 0).sum()) for _, values, rows in learnt)
        note = f"{column}: rows of weight 0 are left out of training and validation: {none:,}."
        train, validation = (rows[weights[rows] > 0] for rows in (split.train, split.validation))
        weighed = cls(column, float(weights[train].mean()), (note,) if none else ())
        return weighed, Split(train, validation, split.test)

    def rows(self, table: Table) -> np.ndarray:
        """Return the rows of a validation table that weigh something."""
        if self.column is None:
            return np.arange(table.rows)
        return np.flatnonzero(cells.numbers(table.column(self.column)) > 0)

    def with_weights(self, dataset: Dataset, table: Table) -> Dataset:
        """Return the dataset with the weights of its rows; 0 where a row to judge by has none."""
        if self.column is None or self.column not in table.names:
            return dataset
        weights = cells.numbers(table.column(self.column)) / self.unit
        known = np.isfinite(weights) & (weights > 0)
        return replace(dataset, weights=np.where(known, weights, 0.0).astype(np.float32))


def check_weight_column(
    column: str | None,
    table: Table,
    inputs: Mapping[str, object],
    targets: Mapping[str, Mapping[str, object]],
) -> None:
    """Refuse a column of weights that the table lacks, or that is an input or a target.

    Args:
        column: that holds the weights; None for none.
        table: the table.
        inputs: column -> what was said of it; None for a column to leave out.
        targets: task -> its settings.

    Raises:
        ConfigError: the column cannot hold the weights.
    """
    if column is None:
        return
    if column not in table.names:
        raise ConfigError(f"`data.weight`: {table.name}: {unknown('column', column, table.names)}")
    if inputs.get(column) is not None:
        raise ConfigError(
            f"`data.weight` should be no input: its weights are unknown where the model is used. Found {column!r} in "
            f"`inputs`. Leave it out: {setting(f'inputs.{column}', None)}"
        )
    if column in {spec.get("column", task) for task, spec in targets.items()}:
        raise ConfigError(
            f"`data.weight` should be no target. Found {column!r} in `targets`. Name another column, or none: "
            f"{setting('data.weight', None)}"
        )


def _checked(table: Table, name: str, rows: np.ndarray) -> np.ndarray:
    """Return a table's weights, float64; all those of `rows` are finite and at least 0."""
    if name not in table.names:
        raise ConfigError(f"`data.weight`: {table.name}: {unknown('column', name, table.names)}")
    column = table.column(name)
    weights = cells.numbers(column)
    wrong = rows[~(np.isfinite(weights[rows]) & (weights[rows] >= 0))]
    if len(wrong):
        row = int(wrong.min())
        cell = column.values[row].as_py()
        shown = "an empty cell" if cell is None else repr(cell)
        raise column.error(
            row,
            f"a weight should be a number of 0 or more, such as 1 for a row that counts once. Found {shown}",
        )
    return weights

"""Counts, whole numbers from 0, as a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pyarrow as pa

from torso.columns import cells
from torso.columns.profile import Profile
from torso.columns.reading import Reading
from torso.core.spec import Settings
from torso.tables.number_format import NumberFormat
from torso.tables.table import Column
from torso.tasks._base.numbers import constant, named, number_settings
from torso.tasks._base.target import Facts, Target

__all__ = ["CountTarget"]


class CountTarget(Target, name="count", head="negative_binomial"):
    """A count of something; never guessed, always asked for.

    A label that is no whole number from 0 is an error among the training rows; elsewhere it is reported and counts
    as missing.

    Args:
        decimal: as for a number among the inputs.
        units: as there; answers come in the first.
        forms: as there.
    """

    learned = ("mean",)
    label = "quantity"
    estimator = "regressor"

    def __init__(
        self,
        decimal: Literal[".", ","] = ".",
        units: Sequence[str] = (),
        forms: Sequence[str] = (),
    ) -> None:
        self.format = NumberFormat.of(decimal, units, forms)
        self.mean = 1.0

    @classmethod
    def suggest(cls, cells: Profile) -> Settings:
        """Suggest the format that the counts are written in."""
        return number_settings(cells)

    def fit(self, column: Column) -> None:
        """Learn the mean.

        Raises:
            DataError: a label that is no count, or fewer than two different ones.
        """
        values = cells.numbers(column, form=self.format)
        known = values[~np.isnan(values)]
        for row in np.flatnonzero(~np.isnan(values) & ~_is_count(values)):
            raise column.error(
                int(row),
                f"expected a count, a whole number from 0, found {values[row]:g}. Correct the cell, or take the "
                f"column as a number with --set targets.{column.name}.kind=number",
            )
        if len(np.unique(known)) < 2:
            raise constant(column, known)
        self.mean = float(known.mean())

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return float32 `[rows]`, NaN where missing."""
        values = cells.numbers(column, reading, self.format)
        good = _is_count(values)
        for row in np.flatnonzero(~np.isnan(values) & ~good):
            reading.skip(column, int(row), f"{values[row]:g}", "not a whole number from 0")
        return np.where(good, values, np.nan).astype(np.float32)

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row."""
        return np.full(rows, np.nan, dtype=np.float32)

    def offered(self) -> Facts:
        """Offer the mean."""
        return {"mean": self.mean}

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task`, the expected count, `task_spread`, and the whole numbers `task_low` and `task_high`."""
        whole = {
            name: value.astype(np.int64) if name in ("low", "high") else value
            for name, value in details.items()
        }
        return named(task, {"": prediction, **whole})


def _is_count(values: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.isfinite(values) & (values >= 0) & (values == np.floor(values)))

"""Counts, whole numbers from 0, as a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pyarrow as pa

from torso.columns import cells
from torso.columns.moments import moments
from torso.columns.profile import Profile
from torso.columns.reading import Reading
from torso.core.cures import setting
from torso.core.spec import Settings
from torso.tables.numbers.number_format import NumberFormat
from torso.tables.table import Column
from torso.tasks._base.numbers import (
    check_size,
    constant,
    known_near,
    named,
    number_settings,
    without_far,
)
from torso.tasks._base.target import Facts, Target

__all__ = ["CountTarget"]


class CountTarget(Target, name="count", head="negative_binomial"):
    """A count of something; never guessed, always asked for.

    A label that is no whole number from 0 is an error among the training rows; elsewhere it is reported and counts
    as missing, as does one far from all others.

    Args:
        decimal: as for a number among the inputs.
        units: as there; answers come in the first.
        forms: as there.
    """

    learned = ("mean", "reach")
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
        self.reach: list[float] | None = None

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
        for row in np.flatnonzero(~np.isnan(values) & ~_is_count(values)):
            raise column.error(
                int(row),
                f"expected a count, a whole number from 0, found {values[row]:g}. Correct the cell, or take the "
                f"column as a number with {setting(f'targets.{column.name}.kind', 'number')}",
            )
        known, self.reach = known_near(values)
        if len(np.unique(known)) < 2:
            raise constant(column, known)
        mean, std = moments(known[:, None])
        check_size(column, mean, std)
        self.mean = float(mean[0])

    def restore(self, state: Facts) -> None:
        """Take back the facts; those of early runs lack the last."""
        super().restore({"reach": None, **state})

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return float32 `[rows]`, NaN where missing."""
        values = cells.numbers(column, reading, self.format)
        good = _is_count(values)
        for row in np.flatnonzero(~np.isnan(values) & ~good):
            reading.skip(column, int(row), f"{values[row]:g}", "not a whole number from 0")
        counts = np.where(good, values, np.nan)
        return without_far(counts, self.reach, column, reading).astype(np.float32)

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

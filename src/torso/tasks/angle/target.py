"""Angles and times of day or year as periodic targets."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pyarrow as pa

from torso.columns import cells
from torso.columns.profile import Profile
from torso.columns.reading import Reading
from torso.core.spec import Settings
from torso.tables.numbers.number_format import NumberFormat
from torso.tables.table import Column
from torso.tasks._base.numbers import constant, named, number_settings
from torso.tasks._base.target import Facts, Target
from torso.tasks.angle.circular import likeliest_concentration, mean_direction

__all__ = ["AngleTarget"]

_TURN = 2 * math.pi
_MOST_TURNS = 1e9  # float64 then still tells a ten-millionth of a turn


class AngleTarget(Target, name="angle", head="von_mises"):
    """A number that comes round: a direction, a phase, an hour; never guessed, always asked for.

    Labels are in any turn: -90, 270 and 630 degrees are the same. Infinite ones count as missing and are reported,
    as are those of so many turns that no direction is left in their digits.
    Answers are from 0 to below `period`; `T_spread` is the circular standard deviation, in the same unit.

    Args:
        period: of one turn: 360 for degrees, 24 for hours of the day, 6.283185307179586 for radians.
        decimal: as for a number among the inputs.
        units: as there.
        forms: as there.
    """

    learned = ("direction", "concentration")
    label = "quantity"
    estimator = "regressor"

    def __init__(
        self,
        period: float = 360.0,
        *,
        decimal: Literal[".", ","] = ".",
        units: Sequence[str] = (),
        forms: Sequence[str] = (),
    ) -> None:
        self.format = NumberFormat.of(decimal, units, forms)
        if not 0 < period < math.inf:
            raise ValueError(f"Parameter `period` should be a number above 0. Found {period}.")
        self.period = float(period)
        self.direction = 0.0
        self.concentration = 1.0

    @classmethod
    def suggest(cls, cells: Profile) -> Settings:
        """Suggest the format that the angles are written in."""
        return number_settings(cells)

    def fit(self, column: Column) -> None:
        """Learn the mean direction and the concentration.

        Raises:
            DataError: fewer than two different directions.
        """
        angles = self._radians(cells.numbers(column, form=self.format))
        known = angles[~np.isnan(angles)]
        if len(np.unique(known)) < 2:
            raise constant(column, known * self.period / _TURN, "an angle")
        self.direction, length = mean_direction(known)
        self.concentration = likeliest_concentration(length)

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return radians, float32 `[rows]`, NaN where missing."""
        values = cells.numbers(column, reading, self.format)
        for row in np.flatnonzero(np.isinf(values)):
            reading.skip(column, int(row), str(values[row]), "not a finite number")
        for row in np.flatnonzero(np.isfinite(values) & ~self._few_turns(values)):
            reading.skip(column, int(row), f"{values[row]:g}", "more than a billion turns")
        return self._radians(values).astype(np.float32)

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row."""
        return np.full(rows, np.nan, dtype=np.float32)

    def compared(self, values: np.ndarray) -> np.ndarray:
        """Return float64 `[rows, 2]`: the angle in its own unit, and the period; NaN both where missing."""
        angles = self._in_unit(values)
        return np.stack([angles, np.where(np.isnan(angles), np.nan, self.period)], axis=1)

    def offered(self) -> Facts:
        """Offer the direction, in radians, and the concentration of the training labels."""
        return self.state()

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task`, the direction, `task_spread` in the same unit, and `task_concentration`."""
        columns = {"": self._in_unit(prediction), **details}
        if "spread" in details:
            columns["spread"] = details["spread"].astype(np.float64) * (self.period / _TURN)
        return named(task, columns)

    def _radians(self, values: np.ndarray) -> np.ndarray:
        """Return float64 from 0 to 2 pi, NaN for cells without a direction."""
        known = np.where(self._few_turns(values), values, np.nan)
        return np.mod(known, self.period) * (_TURN / self.period)

    def _few_turns(self, values: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(values) <= _MOST_TURNS * self.period)

    def _in_unit(self, radians: np.ndarray) -> np.ndarray:
        """Return float64 from 0 to below the period."""
        angles = np.mod(radians.astype(np.float64) * (self.period / _TURN), self.period)
        return np.where(angles >= self.period, 0.0, angles)  # -1e-20 is rounded to a whole turn

"""A number, or several numbers at once, as targets, in the user's unit.

Models compute in float32, which keeps seven digits: of seconds since 1970 it keeps the minutes. So where the
mean is far larger than the spread, targets are counted from an origin, the mean, that is taken away and put
back in float64. A common shift changes neither R² nor an error, so metrics need not know of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from torso.columns import cells
from torso.columns.reading import Reading
from torso.core.errors import DataError
from torso.tables.table import Column
from torso.tasks._base.target import TargetKind

__all__ = ["Number", "Vector", "constant", "named"]

_FAR = 1000.0  # standard deviations between 0 and the mean; float32 then still tells 1/10,000 of one apart


class Number(TargetKind, name="number", head="gaussian"):
    """A number. Infinite labels count as missing and are reported."""

    def __init__(self) -> None:
        self.mean = 0.0
        self.std = 1.0
        self.origin = 0.0

    def fit(self, column: Column) -> None:
        """Learn mean and spread."""
        values = self._values(column, Reading())
        known = values[~np.isnan(values)]
        if len(np.unique(known)) < 2:
            raise constant(column, known)
        mean, std = _moments(known[:, None])
        self.mean, self.std = float(mean[0]), float(std[0])
        self.origin = float(_origin(mean, std)[0])

    def state(self) -> dict[str, Any]:
        """Return mean, spread and origin."""
        return {"mean": self.mean, "std": self.std, "origin": self.origin}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back mean, spread and origin."""
        self.mean, self.std = state["mean"], state["std"]
        self.origin = state.get("origin", 0.0)

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return float32 `[rows]` from the origin, NaN where missing."""
        return np.asarray(self._values(column, reading) - self.origin, dtype=np.float32)

    def _values(self, column: Column, reading: Reading) -> np.ndarray:
        values = cells.numbers(column)
        for row in np.flatnonzero(np.isinf(values)):
            reading.skip(column, int(row), str(values[row]), "not a finite number")
        return np.where(np.isfinite(values), values, np.nan)

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row."""
        return np.full(rows, np.nan, dtype=np.float32)

    def offered(self) -> dict[str, Any]:
        """Offer mean (from the origin) and spread."""
        return {"mean": self.mean - self.origin, "std": self.std}

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task` and what is known beside it, in the same unit: `task_spread`, `task_low`, `task_high`."""
        return named(task, {"": prediction, **details}, self.origin)


class Vector(TargetKind, name="vector", head="gaussian"):
    """Several numbers at once: a list of one length. A single missing number leaves the others in use."""

    def __init__(self) -> None:
        self.mean: list[float] = []
        self.std: list[float] = []
        self.origin: list[float] = []

    def fit(self, column: Column) -> None:
        """Learn mean and spread of each number."""
        values = cells.vectors(column)[0]
        values[~np.isfinite(values)] = np.nan
        counts = (~np.isnan(values)).sum(axis=0)
        if not len(counts) or counts.min(initial=1) == 0:
            raise constant(column, np.zeros(0))
        mean, std = _moments(values)
        if not (std > 0).any():
            raise constant(column, values[0])
        std = np.where(std > 0, std, 1.0)
        self.mean, self.std = mean.tolist(), std.tolist()
        self.origin = _origin(mean, std).tolist()

    def state(self) -> dict[str, Any]:
        """Return mean, spread and origin of each number."""
        return {"mean": self.mean, "std": self.std, "origin": self.origin}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back the statistics."""
        self.mean, self.std = state["mean"], state["std"]
        self.origin = state.get("origin", [0.0] * len(self.mean))

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return float32 `[rows, numbers]` from the origin, NaN where missing."""
        values, present = cells.vectors(column)
        if not present.any():
            return self.missing(len(column))
        if values.shape[1] != len(self.mean):
            raise column.error(
                int(present.argmax()),
                f"expected {len(self.mean)} numbers as in training, found {values.shape[1]}",
            )
        for row in np.flatnonzero(np.isinf(values).any(axis=1)):
            reading.skip(column, int(row), "inf", "not a finite number")
        known = np.where(np.isfinite(values), values, np.nan)
        return np.asarray(known - np.array(self.origin), dtype=np.float32)

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row and number."""
        return np.full((rows, len(self.mean)), np.nan, dtype=np.float32)

    def offered(self) -> dict[str, Any]:
        """Offer mean (from the origin) and spread of each number."""
        mean = np.array(self.mean) - np.array(self.origin)
        return {"mean": mean.tolist(), "std": self.std}

    @property
    def names(self) -> list[str]:
        """The positions."""
        return [str(place) for place in range(len(self.mean))]

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task` and what is known beside it, each a list."""
        return named(task, {"": prediction, **details}, np.array(self.origin))


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and spread of each column of `values` `[rows, numbers]`, NaN where missing."""
    return np.nanmean(values, axis=0), np.nanstd(values, axis=0)


def _origin(mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Return where to count from: 0, or the mean where it lies far away."""
    return np.where(np.abs(mean) > _FAR * std, mean, 0.0)


def _put_back(prediction: np.ndarray, origin: float | np.ndarray) -> np.ndarray:
    """Return predictions from 0: as they are, or in float64 if they had another origin."""
    return prediction + np.asarray(origin, np.float64) if np.any(origin) else prediction


def named(
    task: str, values: Mapping[str, np.ndarray], origin: float | np.ndarray = 0.0
) -> dict[str, pa.Array]:
    """Return `values`, each `[rows]` or `[rows, numbers]`, as the columns `task` (for "") and `task_NAME`.

    A spread knows no origin; all else is counted from it.
    """
    out = {}
    for name, value in values.items():
        if name != "spread":
            value = _put_back(value, origin)
        label = f"{task}_{name}" if name else task
        if value.ndim == 1:
            out[label] = pa.array(value)
        else:
            out[label] = pa.array(list(value), pa.list_(pa.from_numpy_dtype(value.dtype)))
    return out


def constant(column: Column, known: np.ndarray) -> DataError:
    """Return the error that the `known` labels of `column` are all one."""
    found = f"{known[0]:g} everywhere" if len(known) else "no label at all"
    return DataError(
        f"{column.table}, column {column.name!r}: a number target should have at least two values among the "
        f"training rows. Found {found}. Leave it out of the targets."
    )

"""A number, or several numbers at once, as targets; in the user's unit throughout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from torso.data import cells
from torso.data.reading import Reading
from torso.data.tables.table import Column
from torso.data.targets._target import TargetKind
from torso.errors import DataError

__all__ = ["Number", "Vector"]


class Number(TargetKind, name="number", head="gaussian"):
    """A number. Infinite labels count as missing and are reported."""

    def __init__(self) -> None:
        self.mean = 0.0
        self.std = 1.0

    def fit(self, column: Column) -> None:
        """Learn mean and spread."""
        values = self.encode(column, Reading()).astype(np.float64)
        known = values[~np.isnan(values)]
        if len(np.unique(known)) < 2:
            raise _constant(column, known)
        self.mean, self.std = float(known.mean()), float(known.std())

    def state(self) -> dict[str, Any]:
        """Return mean and spread."""
        return {"mean": self.mean, "std": self.std}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back mean and spread."""
        self.mean, self.std = state["mean"], state["std"]

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return float32 `[rows]`, NaN where missing."""
        values = cells.numbers(column)
        for row in np.flatnonzero(np.isinf(values)):
            reading.skip(column, int(row), str(values[row]), "not a finite number")
        return np.where(np.isfinite(values), values, np.nan).astype(np.float32)

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row."""
        return np.full(rows, np.nan, dtype=np.float32)

    def offered(self) -> dict[str, Any]:
        """Offer mean and spread."""
        return {"mean": self.mean, "std": self.std}

    def columns(
        self, task: str, prediction: np.ndarray, spread: np.ndarray | None
    ) -> dict[str, pa.Array]:
        """Return `task` and, if known, `task_spread`: one standard deviation, in the same unit."""
        out = {task: pa.array(prediction)}
        if spread is not None:
            out[f"{task}_spread"] = pa.array(spread)
        return out


class Vector(TargetKind, name="vector", head="gaussian"):
    """Several numbers at once: a list of one length. A single missing number leaves the others in use."""

    def __init__(self) -> None:
        self.mean: list[float] = []
        self.std: list[float] = []

    def fit(self, column: Column) -> None:
        """Learn mean and spread of each number."""
        values = cells.vectors(column)[0].astype(np.float64)
        values[~np.isfinite(values)] = np.nan
        counts = (~np.isnan(values)).sum(axis=0)
        if not len(counts) or counts.min(initial=1) == 0:
            raise _constant(column, np.zeros(0))
        self.mean = np.nanmean(values, axis=0).tolist()
        std = np.nanstd(values, axis=0)
        if not (std > 0).any():
            raise _constant(column, values[0])
        self.std = np.where(std > 0, std, 1.0).tolist()

    def state(self) -> dict[str, Any]:
        """Return mean and spread of each number."""
        return {"mean": self.mean, "std": self.std}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back the statistics."""
        self.mean, self.std = state["mean"], state["std"]

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return float32 `[rows, numbers]`, NaN where missing."""
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
        return np.where(np.isfinite(values), values, np.nan).astype(np.float32)

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row and number."""
        return np.full((rows, len(self.mean)), np.nan, dtype=np.float32)

    def offered(self) -> dict[str, Any]:
        """Offer mean and spread of each number."""
        return {"mean": self.mean, "std": self.std}

    @property
    def names(self) -> list[str]:
        """The positions."""
        return [str(place) for place in range(len(self.mean))]

    def columns(
        self, task: str, prediction: np.ndarray, spread: np.ndarray | None
    ) -> dict[str, pa.Array]:
        """Return `task` as a list and, if known, `task_spread` as a list."""
        out = {task: pa.array(list(prediction), pa.list_(pa.float32()))}
        if spread is not None:
            out[f"{task}_spread"] = pa.array(list(spread), pa.list_(pa.float32()))
        return out


def _constant(column: Column, known: np.ndarray) -> DataError:
    found = f"{known[0]:g} everywhere" if len(known) else "no label at all"
    return DataError(
        f"{column.table}, column {column.name!r}: a number target should have at least two values among the "
        f"training rows. Found {found}. Leave it out of the targets."
    )

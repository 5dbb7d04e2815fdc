"""Origin and answer columns of targets that are numbers.

Models compute in float32, which keeps seven digits: of seconds since 1970 it keeps the minutes. So where the
mean is far larger than the spread, targets are counted from an origin, the mean, that is taken away and put
back in float64. A common shift changes neither R² nor an error, so metrics need not know of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from torso.columns.profile import Profile
from torso.core.errors import DataError
from torso.core.spec import Settings
from torso.tables.table import Column

__all__ = ["constant", "moments", "named", "number_settings", "origin_of"]

_FAR = 1000.0  # standard deviations between 0 and the mean; float32 then still tells 1/10,000 of one apart


def moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and spread of each column of `values` `[rows, numbers]`, NaN where missing."""
    return np.nanmean(values, axis=0), np.nanstd(values, axis=0)


def origin_of(mean: np.ndarray, std: np.ndarray) -> np.ndarray:
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


def number_settings(cells: Profile) -> Settings:
    """Return the settings under which a kind reads the numbers of a column of text; none for plain ones."""
    return cells.numbers.format.settings() if cells.numbers else {}


def constant(column: Column, known: np.ndarray, what: str = "a number") -> DataError:
    """Return the error that the `known` labels of `column` are all one."""
    values = f"{known[0]:g} everywhere" if len(known) else "no label at all"
    return DataError(
        f"{column.table}, column {column.name!r}: {what} target should have at least two values among the "
        f"training rows. Found {values}. Leave it out of the targets."
    )

"""Origin and answer columns of targets that are numbers.

Models compute in float32, which keeps seven digits: of seconds since 1970 it keeps the minutes. So where the
mean is far larger than the spread, targets are counted from an origin, the mean, that is taken away and put
back in float64. A common shift changes neither R² nor an error, so metrics need not know of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from torso.columns.dates import spelling_of
from torso.columns.moments import FAR, near, reach
from torso.columns.profile import Profile
from torso.columns.reading import Reading
from torso.core.errors import DataError
from torso.core.spec import Settings
from torso.tables.table import Column

__all__ = [
    "check_size",
    "constant",
    "known_near",
    "named",
    "number_settings",
    "origin_of",
    "without_far",
]

_FAR = 1000.0  # standard deviations between 0 and the mean; float32 then still tells 1/10,000 of one apart
_SMALLEST, _LARGEST = 1e-30, 1e30  # sizes with which float32 computes
_HUGE = 1e37  # float32 ends a little above


def known_near(values: np.ndarray) -> tuple[np.ndarray, list[float] | None]:
    """Return the known labels without those far from all others, and the ends between which a label is not far.

    Args:
        values: `[rows]`, NaN where missing.
    """
    known = values[~np.isnan(values)]
    ends = reach(known)
    return known[near(known)], None if ends is None else [*ends]


def without_far(
    values: np.ndarray, ends: Sequence[float] | None, column: Column, reading: Reading
) -> np.ndarray:
    """Return labels `[rows]` with NaN for those far from all training labels, which are reported.

    One such label, a slip or a sign for missing, would outweigh all others, in training and when epochs are judged.

    Args:
        values: NaN where missing.
        ends: from `known_near`; None for none.
        column: the labels' column.
        reading: where skipped cells are noted.
    """
    huge = np.abs(values) > _HUGE
    far = huge if ends is None else (values < ends[0]) | (values > ends[1])
    why = f"more than {FAR:,.0f} spreads from the training labels"
    for row in np.flatnonzero(far | huge):
        reading.skip(
            column,
            int(row),
            f"{values[row]:g}",
            why if far[row] and ends else "too large for float32",
        )
    return np.where(far | huge, np.nan, values)


def check_size(column: Column, mean: np.ndarray, std: np.ndarray) -> None:
    """Refuse labels in a unit with which float32 cannot compute.

    Raises:
        DataError: with a factor that would do.
    """
    sizes = np.maximum(np.abs(mean), std)
    odd = (sizes > _LARGEST) | ((sizes > 0) & (sizes < _SMALLEST))
    if odd.any():
        size = float(sizes[odd][0])
        raise DataError(
            f"{column.table}, column {column.name!r}: labels should be between {_SMALLEST:g} and {_LARGEST:g} in size, "
            f"for models compute in float32. Found {size:.0e}. Give the column in another unit: multiply it by "
            f"{10.0 ** -np.floor(np.log10(size)):g}."
        )


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
    cells = column.values.drop_null()
    cure = "Leave it out of the targets"
    if not len(known) and len(cells):
        values = f"no number, but {str(cells[0].as_py())!r:.60}"
        if spelling_of(column) is not None:
            cure = "Make numbers of its dates first, such as days since a fixed day"
    return DataError(
        f"{column.table}, column {column.name!r}: {what} target should have at least two values among the "
        f"training rows. Found {values}. {cure}."
    )

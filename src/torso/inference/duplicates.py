"""Columns that say nearly the same: Owner and Owner.1, which differ in capital letters alone.

All pairs of many columns would take long, so two columns are compared only where they agree in one of a few short
stretches of rows. Columns that agree in nineteen rows of twenty agree in nearly every stretch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from torso.columns.profile import Profile
from torso.tables.arrays import index_array

__all__ = ["Cells", "cells_of", "duplicate_warnings"]

_ALIKE = 0.95  # share of the rows in which one of the two holds a value
_LEAST, _MOST = 20, 2000  # rows that are compared
_STRETCHES, _ROWS = 12, 3
_CHANCE = 2  # values; of so few, columns agree by chance


@dataclass(frozen=True)
class Cells:
    """Some cells of a column, to be compared with those of another.

    Attributes:
        name: of the column.
        written: int64 `[rows]`, a number for each cell as it is written.
        plain: the same without regard to capital letters and blanks.
        filled: bool `[rows]`.
    """

    name: str
    written: np.ndarray
    plain: np.ndarray
    filled: np.ndarray


def cells_of(profile: Profile) -> Cells | None:
    """Return cells of a column that differ; None where too few do, or where a cell is large."""
    if profile.is_large or len(profile.counts) <= _CHANCE:
        return None
    places = np.unique(np.linspace(0, len(profile.sample) - 1, _MOST).astype(np.int64))
    cells = profile.sample.take(index_array(places)).to_pylist()
    plain = [" ".join(cell.casefold().split()) if isinstance(cell, str) else cell for cell in cells]
    return Cells(
        profile.column.name,
        np.array([hash(cell) for cell in cells], np.int64),
        np.array([hash(cell) for cell in plain], np.int64),
        np.array([cell is not None for cell in cells], bool),
    )


def duplicate_warnings(columns: Sequence[Cells]) -> dict[str, str]:
    """Return column -> a sentence about the first of the earlier ones that says nearly the same.

    >>> from torso.tables import read_table
    >>> owners = [f"owner {row % 30}" for row in range(90)]
    >>> table = read_table({"Owner": [owner.upper() for owner in owners], "Owner.1": owners})
    >>> columns = [cells_of(Profile(table.column(name))) for name in table.names]
    >>> duplicate_warnings(columns)["Owner.1"]
    "Says the same as 'Owner' in all rows, but for capital letters. One of the two may be left out."
    """
    warnings: dict[str, str] = {}
    for first, second in _candidates(columns):
        filled = first.filled | second.filled
        share = float((first.plain == second.plain)[filled].mean()) if filled.any() else 0.0
        if second.name in warnings or share < _ALIKE or filled.sum() < _LEAST:
            continue
        exact = float((first.written == second.written)[filled].mean()) >= share
        rows = "all rows" if share == 1 else f"{share:.1%} of the rows"
        warnings[second.name] = (
            f"Says the same as {first.name!r} in {rows}{'' if exact else ', but for capital letters'}. One of the two "
            "may be left out."
        )
    return warnings


def _candidates(columns: Sequence[Cells]) -> list[tuple[Cells, Cells]]:
    """Return the pairs that agree in a stretch of rows, in the table's order."""
    rows = min((len(column.plain) for column in columns), default=0)
    pairs: set[tuple[int, int]] = set()
    for start in np.linspace(0, max(0, rows - _ROWS), _STRETCHES).astype(int).tolist():
        alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for place, column in enumerate(columns):
            stretch = tuple(column.plain[start : start + _ROWS].tolist())
            if len(set(stretch)) > 1:
                alike[stretch].append(place)
        for group in alike.values():
            pairs.update(combinations(group, 2))
    return [(columns[first], columns[second]) for first, second in sorted(pairs)]

"""The columns that are exchanged together, and the draw of the rows that they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from torso.studies.importance.exchanged import Rows
from torso.studies.importance.result import Of

__all__ = ["Unit", "exchanged_rows", "units_of_run"]


@dataclass(frozen=True)
class Unit:
    """Columns whose cells are exchanged together.

    Attributes:
        of: sort of them.
        name: of them.
        columns: their names.
    """

    of: Of
    name: str
    columns: tuple[str, ...]


def units_of_run(
    modalities: Mapping[str, Sequence[str]], alike: Sequence[tuple[str, ...]]
) -> list[Unit]:
    """Return every column, every modality, and every group of alike columns.

    Args:
        modalities: modality -> its columns.
        alike: columns that tell each other.
    """
    columns = [Unit("column", name, (name,)) for own in modalities.values() for name in own]
    whole = [Unit("modality", name, tuple(own)) for name, own in modalities.items()]
    return columns + whole + [Unit("alike", " + ".join(own), own) for own in alike]


def exchanged_rows(
    present: np.ndarray, draw: np.random.Generator, groups: np.ndarray | None = None
) -> Rows:
    """Return for each row the one that its cells come from: another of those present, in one random circle.

    Rows that lack the cells keep their gap, so the table's missing patterns stay. No row keeps its own cells, unless it
    is alone.

    >>> donors = exchanged_rows(np.array([True, True, False]), np.random.default_rng(0))
    >>> donors.tolist()
    [1, 0, 2]

    Args:
        present: bool `[rows]`.
        draw: source of chance.
        groups: `[rows]`; cells are exchanged inside a group only. None: among all rows.
    """
    donors = np.arange(len(present))
    there = np.flatnonzero(present)
    own = np.zeros(len(there), np.intp) if groups is None else groups[there]
    for group in np.unique(own):
        order = draw.permutation(there[own == group])
        donors[order] = np.roll(order, 1)
    return donors

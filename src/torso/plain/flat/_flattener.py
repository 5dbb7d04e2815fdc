"""The contract of a flattener: how one modality's features become columns of the flat view.

A flattener works in two steps. `measure` reads the rows once, which is dear for pictures and sounds, and learns
nothing. `learn` and `piece` work on what was measured, so no file is read twice.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from torso.columns.inputs import Input
from torso.columns.sources import Source, facts_of
from torso.core.registry import Registry
from torso.tables.table import Column

__all__ = [
    "Arrays",
    "Cells",
    "Entries",
    "Flattener",
    "Measured",
    "Modality",
    "Part",
    "Piece",
    "Values",
    "batches",
    "no_entries",
    "widths",
]

Measured = tuple[np.ndarray, ...]
"""Arrays `[rows, ...]` that `measure` returns."""
Values = dict[str, object]
"""JSON values."""
Arrays = dict[str, np.ndarray]
Entries = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Row, column and value of each entry of a sparse matrix."""
_BATCH = 64  # rows of media in memory at a time


class Modality(Protocol):
    """Columns that are read together; the schema's modalities are such, and `Part` is one."""

    @property
    def name(self) -> str: ...
    @property
    def form(self) -> str: ...
    @property
    def columns(self) -> Mapping[str, Input]: ...


@dataclass(frozen=True)
class Part:
    """Columns that are read together.

    Attributes:
        name: of the modality.
        form: of its features.
        columns: column -> kind, fitted.
    """

    name: str
    form: str
    columns: Mapping[str, Input]


@dataclass(frozen=True, eq=False)
class Cells:
    """Some rows of a modality.

    Attributes:
        columns: the table's raw cells, by column; those of other modalities are left alone.
        source: features of all rows.
        rows: positions of the rows that are meant.
    """

    columns: Mapping[str, Column]
    source: Source
    rows: np.ndarray

    @property
    def facts(self) -> np.ndarray:
        """Facts about whole files, float32 `[rows, facts]`; no columns where the source has none."""
        facts = facts_of(self.source)
        if facts is None:
            return np.zeros((len(self.rows), 0), np.float32)
        values: np.ndarray = facts.values[self.rows]
        return values


@dataclass(frozen=True, eq=False)
class Piece:
    """A modality's share of the flat view.

    Attributes:
        dense: float32 `[rows, d]`, NaN where missing.
        entries: of the sparse part.
        gaps: number of missing cells of each row.
    """

    dense: np.ndarray
    entries: Entries
    gaps: np.ndarray


class Flattener(ABC):
    """Base of all flatteners: `class NumbersFlattener(Flattener, form="numbers")` files itself.

    Args:
        part: the modality, its kinds fitted.

    Attributes:
        dear: `measure` takes long and returns little, so its results are kept.
        names: of the dense columns; set by `learn`.
        codes: positions of those that hold category codes.
        for_trees: positions of those that linear models leave out.
        width: of the sparse part.
    """

    registry: ClassVar[Registry[Flattener]] = Registry("flattener")
    form: ClassVar[str] = ""
    dear: ClassVar[bool] = False

    def __init_subclass__(cls, *, form: str = "", **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.form = form or cls.form
        if form:
            cls.registry.add(form, cls)

    def __init__(self, part: Modality) -> None:
        self.part = part
        self.names: list[str] = []
        self.codes: list[int] = []
        self.for_trees: list[int] = []
        self.width = 0

    @abstractmethod
    def measure(self, cells: Cells) -> Measured:
        """Return the rows' facts as arrays. Learns nothing."""

    @abstractmethod
    def learn(self, measured: Measured) -> None:
        """Learn from the rows of the fit, without labels."""

    @abstractmethod
    def piece(self, measured: Measured) -> Piece:
        """Return the columns of the rows, as they were learnt."""

    def state(self) -> tuple[Values, Arrays]:
        """Return the learnt values, as JSON values and arrays."""
        values, arrays = self.learnt()
        own: Values = {"names": self.names, "codes": self.codes, "width": self.width}
        return {**own, "for_trees": self.for_trees, **values}, arrays

    def restore(self, values: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> None:
        """Take back the values of `state`."""
        for name, value in values.items():
            setattr(self, name, value)
        for name, array in arrays.items():
            setattr(self, name, array)

    def learnt(self) -> tuple[Values, Arrays]:
        """Return attributes of its own that `learn` sets, by name. Default: none."""
        return {}, {}


def no_entries() -> Entries:
    """Return an empty sparse part."""
    return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)


def batches(rows: np.ndarray, size: int = _BATCH) -> Iterator[np.ndarray]:
    """Yield the rows in groups that fit in memory."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def widths(part: Modality, fact: str = "") -> list[int]:
    """Return the number of features of each column, or the fact that its kind offers per feature.

    Args:
        part: of scalar columns.
        fact: name of a fact with a whole number per feature; empty for the number of features.
    """
    counts: list[int] = []
    for kind in part.columns.values():
        lists: Sequence[Sequence[int]] = [
            value for value in kind.offered().values() if isinstance(value, list)
        ]
        if fact:
            counts += kind.offered()[fact]
        else:
            counts.append(len(lists[0]) if lists else 1)
    return counts

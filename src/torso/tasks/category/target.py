"""One of several classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns import cells
from torso.columns.profile import FEW_WHOLE_NUMBERS, MOSTLY, Guess, Profile
from torso.columns.reading import Reading
from torso.core.errors import DataError
from torso.tables.numerals import as_numbers
from torso.tables.table import Column
from torso.tasks._base.target import Facts, Target

__all__ = ["CategoryTarget"]

_ARROW = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "text": pa.large_string(),
}


def _type_name(values: pa.Array, classes: list[str]) -> str:
    if pa.types.is_boolean(values.type):
        return "boolean"
    if pa.types.is_integer(values.type):
        return "integer"
    if pa.types.is_floating(values.type):
        whole = pc.all(pc.equal(pc.floor(values), values), skip_nulls=True).as_py()
        return "integer" if whole else "number"
    if set(classes) <= {"true", "false"}:
        return "boolean"
    numbers = as_numbers(pa.array(classes, pa.large_string()))
    return "text" if pa.types.is_large_string(numbers.type) else _type_name(numbers, classes)


class CategoryTarget(Target, name="category", head="softmax", rank=40):
    """One of several classes, those of the training rows.

    A label of a class that the training rows do not hold is reported; it has an index past the last class, which
    no head learns and every evaluation counts as wrong.
    """

    learned = ("classes", "type", "frequencies")
    label = "class"
    estimator = "classifier"
    least = 2

    @classmethod
    def recognise(cls, cells: Profile) -> Guess | None:
        """Recognise few whole numbers, and texts that are no numbers; refuse texts that hardly repeat."""
        if cells.is_number:
            few = cells.distinct <= FEW_WHOLE_NUMBERS and cells.are_whole
            return Guess(cls.kind, f"{cells.distinct} whole numbers") if few else None
        if not cells.is_text or (cells.numeric_share >= MOSTLY and not cells.names_ranks):
            return None
        if len(cells.counts) > 20 and len(cells.counts) > len(cells.values) / 2:
            return Guess(
                "", f"{cells.distinct} different texts in {len(cells.column)} rows are no classes"
            )
        return Guess(cls.kind, f"{cells.distinct} values")

    def __init__(self) -> None:
        self.classes: list[str] = []
        self.type = "text"
        self.frequencies: list[float] | None = None

    def fit(self, column: Column) -> None:
        """Learn the classes, sorted (numbers by size), and how frequent they are."""
        labels = pc.unique(pc.drop_null(cells.texts(column))).to_pylist()
        self.type = _type_name(column.values, labels)
        numeric = self.type in ("integer", "number")
        self.classes = sorted(labels, key=float) if numeric else sorted(labels)
        if len(self.classes) < self.least:
            raise DataError(
                f"{column.table}, column {column.name!r}: a target should have at least two values among the "
                f"training rows. Found {self.classes or 'no label at all'}. Leave it out of the targets."
            )
        self._count(column)

    def _count(self, column: Column) -> None:
        ids = CategoryTarget.encode(self, column, Reading())
        counts = np.bincount(ids[ids >= 0], minlength=len(self.classes))
        self.frequencies = (counts / counts.sum()).tolist()

    def restore(self, state: Facts) -> None:
        """Take back the facts; those of early runs lack the last."""
        super().restore({"frequencies": None, **state})

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return class indices, int64 `[rows]`."""
        strings = cells.texts(column)
        ids = pc.index_in(strings, value_set=pa.array(self.classes, pa.large_string()))
        for row in np.flatnonzero(pc.and_(strings.is_valid(), ids.is_null())):
            reading.skip(column, int(row), strings[int(row)].as_py(), "class unseen in training")
        coded = np.asarray(pc.fill_null(ids, len(self.classes)).to_numpy(zero_copy_only=False))
        return np.where(strings.is_valid().to_numpy(zero_copy_only=False), coded, -1).astype(
            np.int64
        )

    def missing(self, rows: int) -> np.ndarray:
        """Return -1 for every row."""
        return np.full(rows, -1, dtype=np.int64)

    def offered(self) -> Facts:
        """Offer the number of classes, their names and frequencies."""
        return {
            "classes": len(self.classes),
            "names": self.classes,
            "frequencies": self.frequencies,
        }

    @property
    def names(self) -> list[str]:
        """The classes."""
        return self.classes

    def choice(self, prediction: np.ndarray) -> np.ndarray:
        """Return the class that stands for probabilities `[rows, classes]`: the likeliest."""
        return np.asarray(prediction.argmax(axis=1))

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task`, `task_probability` of that value, and one probability per class."""
        del details
        chosen = self.choice(prediction)
        values = _cast(self.classes, self.type).take(pa.array(chosen))
        sure = prediction[np.arange(len(chosen)), chosen]
        out = {task: values, f"{task}_probability": pa.array(sure)}
        for place, name in enumerate(self.classes):
            out[f"{task}_probability_{name}"] = pa.array(prediction[:, place])
        return out


def _cast(classes: list[str], type_name: str) -> pa.Array:
    return pc.cast(pa.array(classes, pa.large_string()), _ARROW[type_name])

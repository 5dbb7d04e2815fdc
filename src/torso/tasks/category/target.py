"""One of several classes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.category_keys import all_numbers, are_plain, key_of, keyed, spellings
from torso.columns.profile import MOSTLY, Guess, Profile
from torso.columns.reading import Reading
from torso.columns.recurrence import Recurrence
from torso.core.cures import setting
from torso.core.errors import DataError
from torso.tables.table import Column
from torso.tasks._base.decider import Decider
from torso.tasks._base.proposals import of_classes
from torso.tasks._base.target import Facts, Target
from torso.tasks._base.whole_numbers import judge
from torso.tasks.category.deciding import CategoryDecider

__all__ = ["CategoryTarget"]

_ARROW = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "text": pa.large_string(),
}


def _type_name(column: Column, classes: list[str]) -> str:
    """Return the type in which classes come back as they were written."""
    values = column.values
    if pa.types.is_boolean(values.type):
        return "boolean"
    if pa.types.is_integer(values.type):
        return "integer"
    if pa.types.is_floating(values.type):
        whole = pc.all(pc.equal(pc.floor(values), values), skip_nulls=True).as_py()
        return "integer" if whole else "number"
    if set(classes) <= {"false", "true"}:
        return "boolean"
    for name, type_ in () if column.typed else (("integer", int), ("number", float)):
        with suppress(ValueError, OverflowError):
            if all(str(type_(label)) == label for label in classes):
                pa.array([type_(label) for label in classes], _ARROW[name])
                return name
    return "text"


class CategoryTarget(Target, name="category", head="softmax", rank=40):
    """One of several classes, those of the training rows.

    A label of a class that the training rows do not hold is reported; it has an index past the last class, which
    no head learns and every evaluation counts as wrong.

    Args:
        decide_by: metric for which a threshold of each class is chosen on held-out rows; by default the likeliest class
            is answered.
        threshold: class -> threshold, set by hand: the class with the greatest ratio of probability to threshold is
            answered. Classes that are not named share what is left of 1.
    """

    learned = ("classes", "type", "numeric", "frequencies")
    label = "class"
    estimator = "classifier"
    least = 2

    @classmethod
    def recognise(cls, cells: Profile) -> Guess | None:
        """Recognise whole numbers that name classes, and texts that are no numbers; refuse texts that hardly recur."""
        if cells.is_number:
            if not cells.are_whole:
                return None
            judgement = judge(cells.counts, cells.column.name)
            why = f"{cells.distinct} whole numbers, {judgement.why}"
            return Guess(cls.kind, why, of_classes(cells)) if judgement.is_class else None
        if not cells.is_text or (cells.numeric_share >= MOSTLY and not cells.names_ranks):
            return None
        if not Recurrence.of(cells.counts).are_classes:
            return Guess(
                "",
                f"{cells.distinct} different texts in {len(cells.column)} rows are no classes; to learn to write them, "
                f"choose {setting(f'targets.{cells.column.name}.kind', 'caption')}",
            )
        return Guess(cls.kind, f"{cells.distinct} values", of_classes(cells))

    def __init__(
        self,
        *,
        decide_by: Literal["accuracy", "balanced_accuracy", "macro_f1"] | None = None,
        threshold: Mapping[str, float] | float | None = None,
    ) -> None:
        Decider.check(decide_by, threshold)
        self.decide_by = decide_by
        self.threshold = threshold
        self.classes: list[str] = []
        self.type = "text"
        self.numeric = False
        self.frequencies: list[float] | None = None

    def fit(self, column: Column) -> None:
        """Learn the classes, sorted (numbers by size), and how frequent they are."""
        self.numeric = all_numbers(column)
        ways = spellings(column, numeric=self.numeric)
        keys = sorted(ways, key=Decimal) if self.numeric else sorted(ways)
        # A column of nothing but truth values is one of truth values, however they are written.
        self.classes = keys if set(keys) <= {"false", "true"} else [ways[key] for key in keys]
        self.type = _type_name(column, self.classes)
        if len(self.classes) < self.least:
            raise DataError(
                f"{column.table}, column {column.name!r}: a target should have at least two values among the "
                f"training rows. Found {self.classes or 'no label at all'}. Leave it out of the targets."
            )
        self._count(column)

    def go_on(self, state: Facts, column: Column, reading: Reading) -> None:  # noqa: ARG002
        """Take the classes of an earlier run, with new ones behind them, and count all."""
        self.restore(state)
        self.numeric = self.numeric and all_numbers(column)
        known = {str(key_of(name, numeric=self.numeric)) for name in self.classes}
        ways = spellings(column, numeric=self.numeric)
        new = [key for key in ways if key not in known]
        if new:
            self.classes = [*self.classes, *(ways[key] for key in sorted(new))]
            numbers = self.numeric and self.type != "text"
            self.type = _type_name(column, self.classes) if numbers else "text"
        self._count(column)

    def _count(self, column: Column) -> None:
        ids = CategoryTarget.encode(self, column, Reading())
        counts = np.bincount(ids[ids >= 0], minlength=len(self.classes))
        self.frequencies = (counts / counts.sum()).tolist()

    def restore(self, state: Facts) -> None:
        """Take back the facts; those of early runs lack two."""
        early = {"frequencies": None, "numeric": are_plain(state["classes"])}
        super().restore({**early, **state})

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return class indices, int64 `[rows]`."""
        known = [str(key_of(name, numeric=self.numeric)) for name in self.classes]
        keys = keyed(column, numeric=self.numeric, known=known)
        ids = pc.index_in(keys, value_set=pa.array(known, pa.large_string()))
        unseen = pc.and_(keys.is_valid(), ids.is_null())
        for row in np.flatnonzero(unseen.to_numpy(zero_copy_only=False)):
            cell = str(column.values[int(row)].as_py())
            reading.skip(column, int(row), cell, "class unseen in training")
        coded = np.asarray(pc.fill_null(ids, len(self.classes)).to_numpy(zero_copy_only=False))
        has_label = keys.is_valid().to_numpy(zero_copy_only=False)
        return np.where(has_label, coded, -1).astype(np.int64)

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

    @property
    def decider(self) -> Decider | None:
        """Makes answers of probabilities by thresholds."""
        return CategoryDecider(self.classes)

    def choice(self, prediction: np.ndarray) -> np.ndarray:
        """Return the class that stands for probabilities `[rows, classes]`: the likeliest."""
        return np.asarray(prediction.argmax(axis=1))

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task`, `task_probability` of that value, and one probability per class."""
        chosen = np.asarray(details.get("chosen", self.choice(prediction)), np.int64)
        classes, rows = _cast(tuple(self.classes), self.type), len(chosen)
        # Of a single row Arrow checks for longer than it copies.
        values = classes.slice(int(chosen[0]), 1) if rows == 1 else classes.take(pa.array(chosen))
        sure = prediction[np.arange(rows), chosen]
        out = {task: values, f"{task}_probability": pa.array(sure)}
        probabilities = pa.array(prediction.ravel(order="F"))  # class after class
        for place, name in enumerate(self.classes):
            out[f"{task}_probability_{name}"] = probabilities.slice(place * rows, rows)
        return out


@lru_cache(maxsize=256)
def _cast(classes: tuple[str, ...], type_name: str) -> pa.Array:
    return pc.cast(pa.array(classes, pa.large_string()), _ARROW[type_name])

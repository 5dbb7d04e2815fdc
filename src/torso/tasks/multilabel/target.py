"""Any number of labels at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from torso.columns.cells import is_text
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.core.errors import DataError
from torso.tables.table import Column
from torso.tasks._base.target import Facts, Target

__all__ = ["MultilabelTarget"]

_MARKS = ("|", ";")


class MultilabelTarget(Target, name="multilabel", head="logistic", rank=10):
    """Any number of labels at once: a list of strings, or strings joined by a delimiter.

    Args:
        delimiter: what separates the labels in a string.
    """

    learned = ("labels", "joined")
    estimator = "classifier"

    @classmethod
    def recognise(cls, cells: Profile) -> Guess | None:
        """Recognise lists of texts, and texts of which most hold a mark between few labels."""
        if cells.lists is not None:
            texts = all(isinstance(label, str) for labels in cells.lists for label in labels)
            return Guess(cls.kind, "lists of labels") if any(cells.lists) and texts else None
        for mark in _MARKS if cells.is_text else ():
            if sum(mark in text for text in cells.values) < 0.5 * len(cells.values):
                continue
            labels = Counter(label.strip() for text in cells.values for label in text.split(mark))
            if len(labels) <= max(20, sum(labels.values()) // 5):
                return Guess(cls.kind, f"{len(labels)} labels, separated by {mark!r}")
        return None

    def __init__(self, delimiter: str = "|") -> None:
        self.delimiter = delimiter
        self.labels: list[str] = []
        self.joined = True

    def fit(self, column: Column) -> None:
        """Learn the labels, sorted."""
        self.joined = is_text(column.values)
        lists = self._lists(column)
        self.labels = sorted({label for cell in lists if cell is not None for label in cell})
        if not self.labels:
            raise DataError(
                f"{column.table}, column {column.name!r}: a multilabel target should have at least one label "
                "among the training rows. Found none. Leave it out of the targets."
            )

    def _lists(self, column: Column) -> list[list[str] | None]:
        cells_ = column.values.to_pylist()
        if is_text(column.values):
            return [
                None
                if cell is None
                else [part.strip() for part in cell.split(self.delimiter) if part.strip()]
                for cell in cells_
            ]
        if not (
            pa.types.is_list(column.values.type)
            or pa.types.is_large_list(column.values.type)
            or pa.types.is_null(column.values.type)
        ):
            raise column.error(
                0,
                f"expected lists of labels or text with {self.delimiter!r}, found {column.values.type}",
            )
        return [None if cell is None else [str(label) for label in cell] for cell in cells_]

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return 0 or 1, float32 `[rows, labels]`, NaN where the cell is missing."""
        place = {label: index for index, label in enumerate(self.labels)}
        out = self.missing(len(column))
        for row, cell in enumerate(self._lists(column)):
            if cell is None:
                continue
            out[row] = 0.0
            for label in cell:
                if label in place:
                    out[row, place[label]] = 1.0
                else:
                    reading.skip(column, row, label, "label unseen in training")
        return out

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row and label."""
        return np.full((rows, len(self.labels)), np.nan, dtype=np.float32)

    def offered(self) -> Facts:
        """Offer the number of labels."""
        return {"labels": len(self.labels)}

    @property
    def names(self) -> list[str]:
        """The labels."""
        return self.labels

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task` in the training table's form, and one probability per label."""
        del details
        chosen = [
            [
                label
                for label, probability in zip(self.labels, row, strict=True)
                if probability >= 0.5
            ]
            for row in prediction
        ]
        values = pa.array(
            [self.delimiter.join(row) for row in chosen] if self.joined else chosen,
            pa.large_string() if self.joined else pa.list_(pa.large_string()),
        )
        out = {task: values}
        for place, name in enumerate(self.labels):
            out[f"{task}_probability_{name}"] = pa.array(prediction[:, place])
        return out

"""Any number of labels at once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pyarrow as pa

from torso.columns.cells import is_text
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.columns.set_format import SetFormat, find_sets, likely_delimiter
from torso.core.errors import DataError
from torso.core.spec import Settings
from torso.tables.table import Column
from torso.tasks._base.decider import Decider
from torso.tasks._base.target import Facts, Target
from torso.tasks.multilabel.deciding import MultilabelDecider

__all__ = ["MultilabelTarget"]


class MultilabelTarget(Target, name="multilabel", head="logistic", rank=10):
    """Any number of labels at once: lists, also written as text, or texts with a delimiter between the labels.

    Args:
        delimiter: what separates the labels in a text that is no list; found in the training rows if open.
        decide_by: metric for which a threshold of each label is chosen on held-out rows (`micro_f1`: one for all);
            accuracy and balanced accuracy are means over labels. By default the head decides.
        threshold: set by hand: of all labels, or label -> threshold; the head decides about those that are not named.
    """

    learned = ("labels", "joined", "separator", "between", "frequencies")
    estimator = "classifier"

    @classmethod
    def recognise(cls, cells: Profile) -> Guess | None:
        """Recognise lists of labels, and texts that fall apart into labels which other cells have, too."""
        sets = find_sets(cells)
        if sets is None:
            return None
        why = sets.why if sets.clear else f"{sets.why}; to tell whole texts apart choose category"
        return Guess(cls.kind, why, settings=sets.settings)

    @classmethod
    def suggest(cls, cells: Profile) -> Settings:
        """Return the delimiter where the kind was not guessed but named."""
        mark = likely_delimiter(cells)
        return {} if mark is None else {"delimiter": mark}

    def __init__(
        self,
        delimiter: str | None = None,
        *,
        decide_by: Literal["accuracy", "balanced_accuracy", "macro_f1", "micro_f1"] | None = None,
        threshold: Mapping[str, float] | float | None = None,
    ) -> None:
        Decider.check(decide_by, threshold)
        self.decide_by = decide_by
        self.threshold = threshold
        self.delimiter = delimiter
        self.format = SetFormat.of(delimiter)
        self.labels: list[str] = []
        self.joined = True
        self.between: str | None = self.format.delimiter
        self.frequencies: list[float] | None = None

    def fit(self, column: Column) -> None:
        """Learn the labels, sorted, and how a cell joins them."""
        self.format = SetFormat.of(self.delimiter, column)
        self.joined = is_text(column.values)
        self.between = self.format.between(column) if self.joined else None
        sets = self.format.read(column)
        self.labels = sorted({label for cell in sets if cell is not None for label in cell})
        if not self.labels:
            raise DataError(
                f"{column.table}, column {column.name!r}: a multilabel target should have at least one label "
                "among the training rows. Found none. Leave it out of the targets."
            )
        known = [cell for cell in sets if cell is not None]
        counts = Counter(label for cell in known for label in set(cell))
        self.frequencies = [counts[label] / len(known) for label in self.labels]

    def go_on(self, state: Facts, column: Column, reading: Reading) -> None:  # noqa: ARG002
        """Take the labels of an earlier run, with new ones behind them."""
        self.restore(state)
        cells = (cell for cell in self.format.read(column) if cell is not None)
        new = {label for cell in cells for label in cell} - {*self.labels}
        self.labels = [*self.labels, *sorted(new)]

    @property
    def separator(self) -> str:
        """The delimiter in use."""
        return self.format.delimiter

    def restore(self, state: Facts) -> None:
        """Take back the facts; those of early runs lack the last three."""
        self.labels, self.joined = state["labels"], state["joined"]
        self.format = SetFormat(state.get("separator", self.format.delimiter))
        self.between = state.get("between", self.format.delimiter)
        self.frequencies = state.get("frequencies")

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return 0 or 1, float32 `[rows, labels]`, NaN where the cell is missing."""
        indices = {label: index for index, label in enumerate(self.labels)}
        out = self.missing(len(column))
        for row, cell in enumerate(self.format.read(column)):
            if cell is None:
                continue
            out[row] = 0.0
            for label in cell:
                if label in indices:
                    out[row, indices[label]] = 1.0
                else:
                    reading.skip(column, row, label, "label unseen in training")
        return out

    def missing(self, rows: int) -> np.ndarray:
        """Return NaN for every row and label."""
        return np.full((rows, len(self.labels)), np.nan, dtype=np.float32)

    def offered(self) -> Facts:
        """Offer the number of labels, their names and frequencies."""
        return {
            "labels": len(self.labels),
            "names": self.labels,
            "frequencies": self.frequencies,
        }

    @property
    def names(self) -> list[str]:
        """The labels."""
        return self.labels

    @property
    def decider(self) -> Decider | None:
        """Makes answers of probabilities by thresholds."""
        return MultilabelDecider(self.labels)

    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return `task` in the training table's form, and one probability per label."""
        decided = details.get("chosen", prediction >= 0.5)
        chosen = [[self.labels[index] for index in np.flatnonzero(row)] for row in decided]
        if self.joined:
            values = pa.array([_written(row, self.between) for row in chosen], pa.large_string())
        else:
            values = pa.array(chosen, pa.list_(pa.large_string()))
        out = {task: values}
        for index, name in enumerate(self.labels):
            out[f"{task}_probability_{name}"] = pa.array(prediction[:, index])
        return out


def _written(labels: list[str], between: str | None) -> str:
    """Return the labels as one text: with the mark between them, or as a JSON list."""
    return json.dumps(labels, ensure_ascii=False) if between is None else between.join(labels)

"""Sets of labels as inputs: tags, genres, symptoms, several of which stand in one cell."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, ClassVar

import numpy as np

from torso.columns.inputs._input import Input, Offers, State, Suggestion
from torso.columns.inputs.lists import lists_of_numbers
from torso.columns.media.files import MediaFiles
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.columns.set_format import SetFormat, find_sets, likely_delimiter
from torso.columns.sources import LookupSource
from torso.core.ranges import Range
from torso.tables.table import Column

__all__ = ["SetInput"]

_FEW_COMBINATIONS = 12


class SetInput(Input, name="set", form="sets", encoder="bag", modality="sets", rank=55):
    """Any number of labels: a list, also written as text, or a text with a delimiter between the labels.

    A label that training rows do not hold is left out and reported. An empty list is a set without labels, an empty
    cell is missing.

    Args:
        delimiter: what separates the labels in a text that is no list; found in the training rows if open.
        most: labels kept, the most frequent first; rarer ones are left out.
        length: labels of a cell that are read, the most frequent ones.
    """

    learned = ("values", "separator")
    plain: ClassVar[bool] = False
    quickly_learnt: ClassVar[bool] = True

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise lists of labels, and texts of labels in many combinations; refuse all other lists."""
        sets = find_sets(profile)
        if sets is None:
            return lists_of_numbers(profile)
        if not sets.clear and sets.combinations <= _FEW_COMBINATIONS:
            return None  # few texts, each of which says as much as a category
        return Guess(cls.name, sets.why, settings=sets.settings)

    @classmethod
    def suggest(cls, profile: Profile, files: MediaFiles) -> Suggestion | None:
        """Suggest the delimiter where the kind was not guessed but named."""
        del files
        mark = None if cls.recognise(profile) is not None else likely_delimiter(profile)
        return None if mark is None else Suggestion({"delimiter": mark}, f"separated by {mark!r}")

    def __init__(
        self,
        delimiter: str | None = None,
        most: Annotated[int, Range(50, 5000, log=True)] = 1000,
        length: Annotated[int, Range(8, 128, log=True)] = 32,
    ) -> None:
        self.delimiter = delimiter
        self.most = most
        self.length = length
        self.format = SetFormat.of(delimiter)
        self.values: list[str] = []

    def fit(self, column: Column) -> None:
        """Learn the labels, by falling frequency, and the delimiter."""
        self.format = SetFormat.of(self.delimiter, column)
        read = self.format.read(column)
        counts = Counter(label for cell in read if cell is not None for label in cell)
        ranked = sorted(counts, key=lambda label: (-counts[label], label))
        self.values = ranked[: self.most]

    @property
    def separator(self) -> str:
        """The delimiter in use."""
        return self.format.delimiter

    def restore(self, state: State) -> None:
        """Take back the labels and the delimiter."""
        self.values, self.format = state["values"], SetFormat(state["separator"])

    def source(self, column: Column, reading: Reading) -> LookupSource:
        """Return int64 `[rows, 1, length]`: one index from 1 for each label."""
        indices = {label: index for index, label in enumerate(self.values, 1)}
        cells: dict[tuple[int, ...], int] = {}
        rows = np.full(len(column), -1)
        for row, labels in enumerate(self.format.read(column)):
            if labels is None:
                continue
            for label in labels:
                if label not in indices:
                    reading.skip(column, row, label, "label unseen in training, or rare")
            # Sorted: equal sets are laid out alike, in whatever order their labels stand.
            known = sorted(indices[label] for label in labels if label in indices)
            rows[row] = cells.setdefault(tuple(known[: self.length]), len(cells))
        values = np.zeros((len(cells), self.length), np.int32)
        for cell, index in cells.items():
            values[index, : len(cell)] = cell
        return LookupSource([(values, rows)])

    def offered(self) -> Offers:
        """Offer the number of indices, the one for "no label" included."""
        return {"cardinalities": [len(self.values) + 1]}

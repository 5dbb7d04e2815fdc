"""One of several classes that have an order: grades, sizes, answers from "never" to "always"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from torso.columns.category_keys import key_of
from torso.columns.reading import Reading
from torso.core.cures import setting
from torso.core.errors import DataError
from torso.tables.numbers.finder import find_numbers
from torso.tables.table import Column
from torso.tasks._base.target import Facts
from torso.tasks.category.target import CategoryTarget

__all__ = ["OrdinalTarget"]


class OrdinalTarget(CategoryTarget, name="ordinal", head="cumulative"):
    """One of several classes from low to high; never guessed, always asked for.

    The answer is the median class: the first that, with the classes below it, holds half of the probability.
    A label outside the order is reported and counts as missing, since it has no place on the scale.

    Args:
        order: the classes from low to high; may be left out where they are numbers, also such as 20-29 or 3rd.
    """

    def __init__(self, order: Sequence[Any] | None = None) -> None:
        super().__init__()
        self.order = None if order is None else list(order)

    def fit(self, column: Column) -> None:
        """Learn the classes and how frequent they are.

        Raises:
            DataError: words without an order, or a label that the order lacks.
        """
        super().fit(column)
        if self.order is not None:
            written = {key_of(name, numeric=self.numeric): name for name in self.classes}
            steps = {str(key_of(step, numeric=self.numeric)): step for step in self.order}
            strange = [name for key, name in written.items() if key not in steps]
            if strange:
                raise DataError(
                    f"{column.table}, column {column.name!r}: every label should be in `order` {self.order}. Found "
                    f"{strange[:5]} besides. Add them with {setting(f'targets.{column.name}.order', '[...]')}."
                )
            self.classes = [
                written.get(key, str(key_of(step, numeric=False))) for key, step in steps.items()
            ]
            self._count(column)
        elif not self.numeric and self.type != "boolean":
            by_size = _by_size(self.classes)
            if by_size is not None:
                self.classes = by_size
                self._count(column)
                return
            raise DataError(
                f"{column.table}, column {column.name!r}: an ordinal target of words should say their order. Found "
                f"{self.classes[:5]}. Say it from low to high: {setting(f'targets.{column.name}.order', '[low, high]')}."
            )

    def go_on(self, state: Facts, column: Column, reading: Reading) -> None:
        """Take the classes of an earlier run; learn all anew if there are others, which have a place between them."""
        super().go_on(state, column, reading)
        if self.classes != state["classes"]:
            self.fit(column)

    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return places in the order, int64 `[rows]`, -1 where missing."""
        ids = super().encode(column, reading)
        return np.where(ids < len(self.classes), ids, -1)

    @property
    def decider(self) -> None:
        """No thresholds: the answer is the median class."""

    def choice(self, prediction: np.ndarray) -> np.ndarray:
        """Return the median class of each row."""
        return np.asarray((prediction.cumsum(axis=1) >= 0.5 - 1e-6).argmax(axis=1))


def _by_size(names: Sequence[str]) -> list[str] | None:
    """Return classes such as 20-29, 3rd or $5 in the order of their numbers; None if they are not all numbers."""
    cells = pa.array(names, pa.large_string())
    seen = find_numbers(cells)
    if seen is None or seen.share < 1:
        return None
    values = seen.format.in_one_unit(seen.format.parse(cells))
    if np.isnan(values).any() or len(np.unique(values)) < len(names):
        return None
    return [names[place] for place in np.argsort(values)]

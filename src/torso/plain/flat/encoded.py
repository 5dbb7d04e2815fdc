"""Tokens of a frozen encoder in the flat view: their mean, in few components."""

from __future__ import annotations

import numpy as np

from torso.columns.sources import Source
from torso.plain.flat._flattener import Cells, Part
from torso.plain.flat._statistics import Wide

__all__ = ["EncodedFlattener", "token_columns"]


class EncodedFlattener(Wide, form="encoded"):
    """Mean over a row's tokens; more than 64 numbers are brought to 64 components.

    No kind of input has this form: it is used beside the form's own flattener where an encoder has run.
    """

    def describe(self, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Return the mean token."""
        weights = mask[:, :, None] / mask.sum(axis=1)[:, None, None]
        return np.asarray((values.astype(np.float32) * weights).sum(axis=1))

    def titles(self, count: int) -> list[str]:
        """Return positions, from 1."""
        return [f"encoded {position + 1}" for position in range(count)]

    def file_facts(self, cells: Cells) -> np.ndarray:
        """Return none: the form's own flattener tells them."""
        return np.zeros((len(cells.rows), 0), np.float32)

    def fact_titles(self, count: int) -> list[str]:
        """Return none."""
        del count
        return []


def token_columns(name: str, source: Source) -> tuple[np.ndarray, list[str]]:
    """Return the dense columns that the tokens of all rows become, `[rows, columns]`, and their names."""
    flattener = EncodedFlattener(Part(name, "encoded", {}))
    measured = flattener.measure(Cells({}, source, np.arange(len(source))))
    flattener.learn(measured)
    return flattener.piece(measured).dense, flattener.names

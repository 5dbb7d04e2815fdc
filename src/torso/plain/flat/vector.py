"""Vectors in the flat view: their numbers, or components of many."""

from __future__ import annotations

import numpy as np

from torso.plain.flat._statistics import Wide

__all__ = ["VectorFlattener"]


class VectorFlattener(Wide, form="vector"):
    """The numbers of a vector; more than 256 are brought to 64 components."""

    most = 256

    def describe(self, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Return the vectors."""
        del mask
        return values

    def titles(self, count: int) -> list[str]:
        """Return positions, from 1."""
        return [str(position + 1) for position in range(count)]

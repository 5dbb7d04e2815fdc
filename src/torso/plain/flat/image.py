"""Pictures in the flat view: colours, edges, a thumbnail, and the size of the file's picture."""

from __future__ import annotations

import numpy as np

from torso.plain.flat._flattener import Arrays, Cells, Measured, Values
from torso.plain.flat._statistics import Statistics
from torso.plain.flat.components import directions
from torso.plain.flat.picture_statistics import (
    COARSE,
    NAMES,
    PIXELS,
    picture_statistics,
    thumbnails,
)

__all__ = ["ImageFlattener"]

_COMPONENTS = 16
_ENOUGH = 1500  # rows from which on more than the coarse statistics are kept


class ImageFlattener(Statistics, form="image"):
    """Statistics of colours and edges, width, height and shape; on many rows also histograms and a thumbnail.

    On 388 rows with four pictures each, histograms and thumbnails cost a linear model more than they told it.
    """

    coarse = False  # until it is learnt

    def describe(self, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Return statistics, and after them the thumbnail's pixels."""
        del mask
        if self.coarse:  # thumbnails and details of places would be left out again
            empty = np.zeros((len(values), PIXELS), np.float32)
            return np.concatenate([picture_statistics(values, coarse=True), empty], axis=1)
        return np.concatenate([picture_statistics(values), thumbnails(values)], axis=1)

    def titles(self, count: int) -> list[str]:
        """Return the names of the statistics and of the components."""
        del count
        if self.coarse:
            return [NAMES[at] for at in COARSE]
        return [*NAMES, *(f"thumbnail {at + 1}" for at in range(_COMPONENTS))]

    def learn(self, measured: Measured) -> None:
        """Learn the components of the thumbnails, and how much detail suits the number of rows."""
        self.coarse = len(measured[0]) < _ENOUGH
        super().learn(measured)
        pixels = measured[0][:, len(NAMES) :]
        known = pixels[~np.isnan(pixels).any(axis=1)]
        self.mean = known.mean(axis=0) if len(known) else np.zeros(pixels.shape[1], np.float32)
        self.components = np.zeros((pixels.shape[1], _COMPONENTS), np.float32)
        leading = directions(known - self.mean, _COMPONENTS)
        self.components[:, : leading.shape[1]] = leading

    def reduced(self, statistics: np.ndarray) -> np.ndarray:
        """Return the statistics, and the thumbnail's components where they are kept."""
        if self.coarse:
            return statistics[:, COARSE]
        count = len(NAMES)
        pixels = (statistics[:, count:] - self.mean) @ self.components
        return np.concatenate([statistics[:, :count], pixels], axis=1)

    def file_facts(self, cells: Cells) -> np.ndarray:
        """Return width, height, logarithm of the ratio and of the area."""
        facts = cells.facts
        if not facts.shape[1]:
            return facts
        wide, high = np.log(facts[:, 0]), np.log(facts[:, 1])
        return np.stack([facts[:, 0], facts[:, 1], wide - high, wide + high], axis=1)

    def fact_titles(self, count: int) -> list[str]:
        """Return the names of the facts."""
        return ["width", "height", "shape", "area"][:count]

    def learnt(self) -> tuple[Values, Arrays]:
        """Return the amount of detail, and the thumbnails' mean and components."""
        values, arrays = super().learnt()
        return {**values, "coarse": self.coarse}, {
            **arrays,
            "mean": self.mean,
            "components": self.components,
        }

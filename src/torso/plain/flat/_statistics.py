"""Base of flatteners that measure the same statistics of every row."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from torso.plain.flat._flattener import (
    Arrays,
    Cells,
    Flattener,
    Measured,
    Piece,
    Values,
    batches,
    no_entries,
)
from torso.plain.flat.components import directions

__all__ = ["Statistics", "Wide"]


class Statistics(Flattener):
    """Dense columns alone, which `describe` measures batch by batch."""

    dear = True

    @abstractmethod
    def describe(self, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Return statistics of some rows that all have the modality, `[rows, statistics]`.

        Args:
            values: as `Source.batch` returns them.
            mask: likewise.
        """

    @abstractmethod
    def titles(self, count: int) -> list[str]:
        """Return names of `count` statistics."""

    def measure(self, cells: Cells) -> Measured:
        """Return statistics `[rows, statistics]`, NaN where the modality is missing, and the facts of the files."""
        measured = []
        for rows in batches(cells.rows):
            values, mask = cells.source.batch(rows)
            present = mask if mask.ndim == 1 else mask.any(axis=1)
            if present.any():
                known = self.describe(values[present], mask[present])
                own = np.full((len(rows), known.shape[1]), np.nan, np.float32)
                own[present] = known
            else:
                own = np.full((len(rows), 0), np.nan, np.float32)
            measured.append(own)
        if len(measured) == 1:
            return measured[0], self.file_facts(cells)
        width = max((each.shape[1] for each in measured), default=0)
        empty = [np.full((len(each), width), np.nan, np.float32) for each in measured]
        filled = [each if each.shape[1] else gap for each, gap in zip(measured, empty, strict=True)]
        statistics = np.concatenate([np.zeros((0, width), np.float32), *filled])
        return statistics, self.file_facts(cells)

    def file_facts(self, cells: Cells) -> np.ndarray:
        """Return numbers from the facts about whole files, `[rows, any]`. Default: the facts."""
        return cells.facts

    def fact_titles(self, count: int) -> list[str]:
        """Return names of the numbers from facts."""
        (kind,) = self.part.columns.values()
        return list(getattr(kind, "facts", ()))[:count]

    def learn(self, measured: Measured) -> None:
        """Name the columns."""
        statistics, facts = measured
        titles = [*self.titles(statistics.shape[1]), *self.fact_titles(facts.shape[1])]
        self.names = [f"{self.part.name} {title}" for title in titles]
        self.size = statistics.shape[1]

    def piece(self, measured: Measured) -> Piece:
        """Return the statistics; rows without any of them are gaps."""
        statistics, facts = measured
        if statistics.shape[1] != self.size:  # no row has the modality
            statistics = np.full((len(statistics), self.size), np.nan, np.float32)
        absent = np.asarray(np.isnan(statistics).all(axis=1))
        dense = np.concatenate([self.reduced(statistics), facts], axis=1)
        return Piece(dense.astype(np.float32), no_entries(), absent.astype(np.int64))

    def reduced(self, statistics: np.ndarray) -> np.ndarray:
        """Return the columns that are kept. Default: all statistics."""
        return statistics

    def learnt(self) -> tuple[Values, Arrays]:
        """Return the number of statistics."""
        return {"size": self.size}, {}


class Wide(Statistics):
    """Statistics that are brought to few components where there are many.

    Attributes:
        most: statistics that are kept as they are.
        kept: components of more.
    """

    most = 64
    kept = 64

    def learn(self, measured: Measured) -> None:
        """Learn the components, if there are more statistics than are kept."""
        super().learn(measured)
        statistics = measured[0]
        self.mean = self.components = np.zeros((0, 0), np.float32)
        if statistics.shape[1] > self.most:
            known = statistics[~np.isnan(statistics).any(axis=1)]
            self.mean = known.mean(axis=0, keepdims=True) if len(known) else known.sum(axis=0)[None]
            self.components = directions(known - self.mean, self.kept)
            rest = self.names[statistics.shape[1] :]
            count = self.components.shape[1]
            self.names = [f"{self.part.name} component {at + 1}" for at in range(count)] + rest

    def reduced(self, statistics: np.ndarray) -> np.ndarray:
        """Return statistics or their components."""
        if not self.mean.size:
            return statistics
        return np.asarray((statistics - self.mean) @ self.components)

    def learnt(self) -> tuple[Values, Arrays]:
        """Return size, mean and components."""
        values, arrays = super().learnt()
        return values, {**arrays, "mean": self.mean, "components": self.components}

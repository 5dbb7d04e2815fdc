"""Categories in the flat view: codes for trees, one column per value for linear models."""

from __future__ import annotations

import numpy as np

from torso.plain.flat._flattener import Arrays, Cells, Flattener, Measured, Piece, Values, widths

__all__ = ["CategoriesFlattener"]

_MANY = 10  # values from which on their frequency is told, too


class CategoriesFlattener(Flattener, form="categories"):
    """The code of each column, how frequent the value is where there are many, and all of it one-hot."""

    def measure(self, cells: Cells) -> Measured:
        """Return codes and mask, `[rows, columns]`."""
        return cells.source.batch(cells.rows)

    def learn(self, measured: Measured) -> None:
        """Count the values."""
        codes, mask = measured
        sizes = widths(self.part, "cardinalities")
        self.starts = np.cumsum([0, *(size + 1 for size in sizes)]).tolist()
        self.width = self.starts[-1]
        self.many = [column for column, size in enumerate(sizes) if size > _MANY]
        named = list(self.part.columns)
        self.names = [*named, *(f"Frequency of {named[column]}" for column in self.many)]
        self.codes = list(range(len(named)))
        counts = [np.bincount(codes[mask[:, at], at], minlength=sizes[at]) for at in self.many]
        self.count_starts = np.cumsum([0, *(len(count) for count in counts)]).tolist()
        self.counts = np.log1p(np.concatenate([np.zeros(0), *counts])).astype(np.float32)

    def piece(self, measured: Measured) -> Piece:
        """Return codes, frequencies, and one entry per cell; a missing cell is a value of its own."""
        codes, mask = measured
        dense = np.where(mask, codes, np.nan).astype(np.float32)
        if self.many:
            frequencies = self.counts[codes[:, self.many] + np.array(self.count_starts[:-1])]
            frequencies = np.where(mask[:, self.many], frequencies, np.float32(np.nan))
            dense = np.concatenate([dense, frequencies], axis=1)
        starts = np.array(self.starts)
        columns = np.where(mask, starts[:-1] + codes, starts[1:] - 1)
        rows = np.repeat(np.arange(len(codes)), codes.shape[1])
        entries = rows, columns.ravel(), np.ones(columns.size, np.float32)
        return Piece(dense, entries, (~mask).sum(axis=1))

    def learnt(self) -> tuple[Values, Arrays]:
        """Return where the columns begin, and the frequencies."""
        positions: Values = {
            "starts": self.starts,
            "many": self.many,
            "count_starts": self.count_starts,
        }
        return positions, {"counts": self.counts}

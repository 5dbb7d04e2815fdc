"""Names in the flat view: codes of those that repeat. Their words and characters are read with the texts."""

from __future__ import annotations

import numpy as np

from torso.plain.flat._flattener import Arrays, Cells, Flattener, Measured, Piece, Values, widths

__all__ = ["NamesFlattener"]


class NamesFlattener(Flattener, form="names"):
    """Code and frequency of each column, and the codes one-hot; 0 is a name of one row."""

    def measure(self, cells: Cells) -> Measured:
        """Return codes and mask, `[rows, columns]`."""
        values, mask = cells.source.batch(cells.rows)
        return values[:, :, 0], mask

    def learn(self, measured: Measured) -> None:
        """Count the names."""
        codes, mask = measured
        self.starts = np.cumsum([0, *widths(self.part, "cardinalities")]).tolist()
        self.width = self.starts[-1]
        counts = np.bincount(self._places(codes)[mask], minlength=self.width)
        self.frequencies = np.log1p(counts).astype(np.float32)
        named = list(self.part.columns)
        self.codes = list(range(len(named)))
        self.names = [*named, *(f"Frequency of {name}" for name in named)]

    def piece(self, measured: Measured) -> Piece:
        """Return codes, frequencies, and one entry for each name that repeats."""
        codes, mask = measured
        places = self._places(codes)
        dense = np.concatenate([codes, self.frequencies[places]], axis=1).astype(np.float32)
        dense[np.tile(~mask, 2)] = np.nan
        row, column = np.nonzero(mask & (codes > 0))
        entries = row, places[row, column], np.ones(len(row), np.float32)
        return Piece(
            dense, entries, np.zeros(len(codes), np.int64)
        )  # gaps are counted with the texts

    def _places(self, codes: np.ndarray) -> np.ndarray:
        """Return each code's place among the codes of all columns."""
        return np.asarray(codes + np.array(self.starts[:-1], np.int64))

    def learnt(self) -> tuple[Values, Arrays]:
        """Return where the columns begin, and the frequencies."""
        return {"starts": self.starts}, {"frequencies": self.frequencies}

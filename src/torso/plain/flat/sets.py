"""Sets of labels in the flat view: a column per label, and how many labels there are."""

from __future__ import annotations

import numpy as np

from torso.plain.flat._flattener import Arrays, Cells, Flattener, Measured, Piece, Values, widths

__all__ = ["SetsFlattener"]

_DENSE = 32  # labels of a column that trees see, the most frequent


class SetsFlattener(Flattener, form="sets"):
    """Every label in the sparse part; size and the most frequent labels in the dense one."""

    def measure(self, cells: Cells) -> Measured:
        """Return labels `[rows, columns, slots]`, 0 in free slots, and mask."""
        return cells.source.batch(cells.rows)

    def learn(self, measured: Measured) -> None:
        """Learn where each column's labels begin."""
        del measured
        sizes = widths(self.part, "cardinalities")
        self.starts = np.cumsum([0, *sizes]).tolist()
        self.width = self.starts[-1]
        self.names = [f"Size of {name}" for name in self.part.columns]
        self.shown: list[int] = []  # sparse column of each dense label
        for (name, kind), start, size in zip(
            self.part.columns.items(), self.starts, sizes, strict=False
        ):
            labels = range(1, min(size, _DENSE + 1))  # from the most frequent one on
            self.shown += [start + label for label in labels]
            values = list(getattr(kind, "values", ())) or [*range(1, size)]
            self.names += [f"{name}: {values[label - 1]}" for label in labels]

    def piece(self, measured: Measured) -> Piece:
        """Return the columns; the sparse part also says where the set is missing."""
        labels, mask = measured
        starts = np.array(self.starts[:-1])
        row, column, slot = np.nonzero((labels > 0) & mask[:, :, None])
        place = labels[row, column, slot] + starts[column]
        absent, which = np.nonzero(~mask)
        entries = (
            np.concatenate([row, absent]),
            np.concatenate([place, starts[which]]),  # label 0 is none: its place is free
            np.ones(len(row) + len(absent), np.float32),
        )
        gap = np.float32(np.nan)
        sizes = np.where(mask, (labels > 0).sum(axis=2), gap)
        hot = np.zeros((len(labels), self.width), np.float32)
        hot[row, place] = 1.0
        owners = np.searchsorted(self.starts, self.shown, side="right") - 1
        shown = np.where(mask[:, owners], hot[:, self.shown], gap)
        dense = np.concatenate([sizes, shown], axis=1).astype(np.float32)
        return Piece(dense, entries, (~mask).sum(axis=1))

    def learnt(self) -> tuple[Values, Arrays]:
        """Return where the labels stand."""
        return {"starts": self.starts, "shown": self.shown}, {}

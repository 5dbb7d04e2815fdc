"""Names in the flat view: codes of those that repeat, and the words and groups of characters of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from torso.columns import cells as raw
from torso.plain.flat._flattener import (
    Arrays,
    Cells,
    Entries,
    Flattener,
    Measured,
    Piece,
    Values,
    widths,
)
from torso.plain.flat.components import directions

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["NamesFlattener"]

_PARTS = 20_000  # of a column, the most frequent
_COMPONENTS, _MOST = 8, 32  # for each column, and for all
_SHIFT = 31  # a part is a number below 2^31; the column's number stands above it


class NamesFlattener(Flattener, form="names"):
    """Code, frequency and length of each column; its parts as tf-idf of unit length, and components of all."""

    def measure(self, cells: Cells) -> Measured:
        """Return codes with parts `[rows, columns, slots]`, mask and lengths `[rows, columns]`."""
        values, mask = cells.source.batch(cells.rows)
        lengths = np.empty(mask.shape, np.float32)
        for at, name in enumerate(self.part.columns):
            column = cells.columns[name]
            texts = column.values if raw.is_text(column.values) else raw.texts(column)
            own = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
            lengths[:, at] = own[cells.rows]
        return values, mask, lengths

    def learn(self, measured: Measured) -> None:
        """Learn frequencies, which parts several rows have, how rare they are, and their components."""
        values, mask, _ = measured
        sizes = widths(self.part, "cardinalities")
        count = len(sizes)
        self.code_starts = np.cumsum([0, *sizes]).tolist()
        self.frequencies = np.log1p(
            np.bincount(self._places(values)[mask], minlength=self.code_starts[-1])
        ).astype(np.float32)
        vocabularies = [
            _vocabulary(values[mask[:, column], column, 1:], column) for column in range(count)
        ]
        self.parts = np.concatenate([parts for parts, _ in vocabularies])
        self.rarity = np.concatenate([rarity for _, rarity in vocabularies])
        self.width = len(self.parts) + self.code_starts[-1]
        # One set for all columns: eight a column of their own left trees with worse columns to choose from.
        shape = len(values), len(self.parts)
        self.components = directions(
            _matrix(self._parts_of(values, mask), shape), min(_MOST, _COMPONENTS * count)
        )
        named = list(self.part.columns)
        self.codes = list(range(count))
        self.names = [
            *named,
            *(f"Frequency of {name}" for name in named),
            *(f"Length of {name}" for name in named),
            *(f"{self.part.name} component {at + 1}" for at in range(self.components.shape[1])),
        ]

    def piece(self, measured: Measured) -> Piece:
        """Return the columns; a part that the fit did not see twice is left out."""
        values, mask, lengths = measured
        places = self._places(values)
        row, place, weight = self._parts_of(values, mask)
        gap = np.float32(np.nan)
        facts = (values[:, :, 0], self.frequencies[places], lengths)
        dense = [np.where(mask, fact, gap) for fact in facts]
        projected = _matrix((row, place, weight), (len(values), len(self.parts))) @ self.components
        dense.append(np.where(np.any(mask, axis=1, keepdims=True), projected, gap))
        coded_row, coded = np.nonzero(mask & (values[:, :, 0] > 0))
        entries = (
            np.concatenate([row, coded_row]),
            np.concatenate([place, places[coded_row, coded] + len(self.parts)]),
            np.concatenate([weight, np.ones(len(coded_row), np.float32)]),
        )
        together = np.concatenate(dense, axis=1).astype(np.float32)
        return Piece(together, entries, (~mask).sum(axis=1))

    def _places(self, values: np.ndarray) -> np.ndarray:
        """Return each code's place among the codes of all columns."""
        return np.asarray(values[:, :, 0] + np.array(self.code_starts[:-1]))

    def _parts_of(self, values: np.ndarray, mask: np.ndarray) -> Entries:
        """Return the row, place and weight of each known part; those of a cell have unit length."""
        rows, columns = mask.shape
        row, column, slot = np.nonzero(values[:, :, 1:])
        key = values[row, column, slot + 1] + (column.astype(np.int64) << _SHIFT)
        place = np.searchsorted(self.parts, key)
        if not len(self.parts):
            return row[:0], place[:0], np.zeros(0, np.float32)
        seen = self.parts[place.clip(max=len(self.parts) - 1)] == key
        cell, place = (row * columns + column)[seen], place[seen]
        weight = self.rarity[place]
        norm = np.sqrt(np.bincount(cell, np.square(weight), minlength=rows * columns))
        return cell // columns, place, (weight / norm[cell]).astype(np.float32)

    def learnt(self) -> tuple[Values, Arrays]:
        """Return frequencies, parts and components."""
        arrays = {
            "frequencies": self.frequencies,
            "parts": self.parts,
            "rarity": self.rarity,
            "components": self.components,
        }
        return {"code_starts": self.code_starts}, arrays


def _vocabulary(parts: np.ndarray, column: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys of the parts of at least two rows, sorted, and how rare each is (smoothed idf)."""
    rows = np.repeat(np.arange(len(parts)), parts.shape[1])
    pairs = np.unique(np.stack([rows, parts.ravel()], axis=1)[parts.ravel() > 0], axis=0)
    known, counts = np.unique(pairs[:, 1], return_counts=True)
    kept = np.flatnonzero(counts > 1)
    kept = np.sort(kept[np.argsort(-counts[kept], kind="stable")[:_PARTS]])
    rarity = np.log((1 + len(parts)) / (1 + counts[kept])) + 1
    return known[kept].astype(np.int64) + (column << _SHIFT), rarity.astype(np.float32)


def _matrix(entries: Entries, shape: tuple[int, int]) -> csr_array:
    """Return the entries as a sparse matrix."""
    from scipy.sparse import csr_array

    row, column, value = entries
    return csr_array((value, (row, column)), shape=shape)

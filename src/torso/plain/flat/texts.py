"""Texts and names in the flat view: words and groups of characters of each column and of all together.

Cells that repeat, a word that several columns use, a number inside a text: each is known to the linear model by an
n-gram of its own, and to the trees by the leading components of all n-grams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from torso.columns import cells as raw
from torso.plain.clock import check_time
from torso.plain.flat._characters import CHARACTERS, measure_characters
from torso.plain.flat._flattener import (
    Arrays,
    Cells,
    Entries,
    Flattener,
    Measured,
    Modality,
    Piece,
    Values,
)
from torso.plain.flat._grams import Owned, character_groups, joined, plain, whole_texts, words
from torso.plain.flat._numbers_inside import NUMBERS, measure_numbers
from torso.plain.flat.components import directions
from torso.plain.flat.sparse_rows import entries_product, sparse_rows
from torso.tables.table import Column

__all__ = ["TextsFlattener"]

_BITS = 20  # of an n-gram; the number of its block stands above them
_KINDS = 3  # of n-grams: words and pairs, groups of characters, whole texts
_SIZES = (1.0, float(np.sqrt(2)), 1.0)  # length of a text's weights in each kind
_ORDERS = (2, 3, 4)  # characters in a group
_GRAMS = 20_000  # of a block, the most frequent
_COMPONENTS = 32  # of all texts together; those of each column made trees no better
_READ = 2000  # characters of a text of which words are read
_READ_CLOSELY = 400  # characters of a text of which groups are read
_HAVE_NUMBERS = 0.1  # share of a column's texts from which on their numbers are told


class TextsFlattener(Flattener, form="text"):
    """Weights of n-grams (tf-idf), a block a column and one of all texts; components, lengths, numbers, characters.

    Args:
        part: all modalities of texts and names, their columns together.
    """

    def __init__(self, part: Modality) -> None:
        super().__init__(part)
        self.grams = np.zeros(0, np.int64)  # block and n-gram, sorted
        self.rarity = np.zeros(0, np.float32)
        self.components = np.zeros((0, 0), np.float32)  # of the last block, that of all texts
        self.numbered: list[int] = []  # columns whose numbers are told
        self.spelt = False  # characters and further numbers are told; runs of before lack them

    def measure(self, cells: Cells) -> Measured:
        """Return n-grams with their counts, an array each per row; lengths, numbers, characters and mask."""
        texts = [_texts(cells.columns[name], cells.rows) for name in self.part.columns]
        mask = np.array([[text is not None for text in own] for own in texts], bool)
        mask = mask.reshape(len(texts), len(cells.rows)).T
        by_row = [text or "" for row in zip(*texts, strict=True) for text in row]
        cells_of = len(mask), len(texts)
        lengths = np.array([[len(text), _count_words(text)] for text in by_row], np.float32)
        numbers = np.array([measure_numbers(text) for text in by_row], np.float32)
        facts = lengths.reshape(*cells_of, 2), numbers.reshape(*cells_of, len(NUMBERS))
        written = measure_characters([text[:_READ] for text in by_row])
        grams, counts = _by_row(self._counted([plain(text[:_READ]) for text in by_row]), len(mask))
        return grams, counts, *facts, written.reshape(*cells_of, len(CHARACTERS)), mask

    def learn(self, measured: Measured) -> None:
        """Learn which n-grams several rows have, how rare they are, and their components."""
        check_time()
        grams, counts, _, numbers, _, mask = measured
        count, self.spelt = len(self.part.columns), True
        self.grams, self.rarity = _vocabulary(grams, mask, count)
        self.width = len(self.grams)
        weights = sparse_rows(self._weights(grams, counts), (len(grams), self.width))
        self.components = directions(weights[:, self._last_block() :], _COMPONENTS)
        known = np.isfinite(numbers[:, :, 0]).sum(axis=0)
        self.numbered = np.flatnonzero(known > _HAVE_NUMBERS * mask.sum(axis=0)).tolist()
        named = list(self.part.columns)
        every = len(NUMBERS) * len(self.numbered)
        further = [at for at in range(every) if at % len(NUMBERS)]  # the first number is for all
        characters = range(every, every + len(CHARACTERS) * count)
        self.for_trees = [2 * count + at for at in (*further, *characters)]
        self.names = [
            *(f"Length of {name}" for name in named),
            *(f"Words of {name}" for name in named),
            *(f"{what} of {named[column]}" for column in self.numbered for what in NUMBERS),
            *(f"{what} of {name}" for name in named for what in CHARACTERS),
            *(f"All texts component {at + 1}" for at in range(self.components.shape[1])),
        ]

    def piece(self, measured: Measured) -> Piece:
        """Return the columns; an n-gram that the fit did not see twice is left out."""
        grams, counts, lengths, numbers, written, mask = measured
        rows = len(mask)
        row, place, weight = self._weights(grams, counts)
        start = self._last_block()
        last = place >= start
        components = entries_product(
            (row[last], place[last] - start, weight[last]),
            (rows, self.width - start),
            self.components,
        )
        told = numbers[:, self.numbered, : len(NUMBERS) if self.spelt else 1]
        known = np.where(mask[:, self.numbered, None], told, np.nan)
        known_lengths = np.where(mask[:, :, None], lengths, np.nan).swapaxes(1, 2)
        dense = [known_lengths.reshape(rows, -1), known.reshape(rows, -1)]
        if self.spelt:
            dense.append(np.where(mask[:, :, None], written, np.nan).reshape(rows, -1))
        dense.append(np.where(mask.any(axis=1, keepdims=True), components, np.nan))
        together = np.concatenate(dense, axis=1).astype(np.float32)
        return Piece(together, (row, place, weight), (~mask).sum(axis=1))

    def learnt(self) -> tuple[Values, Arrays]:
        """Return n-grams and components."""
        arrays: Arrays = {
            "grams": self.grams,
            "rarity": self.rarity,
            "components": self.components,
        }
        return {"numbered": self.numbered, "spelt": self.spelt}, arrays

    def _last_block(self) -> int:
        """Return where the n-grams of all texts begin; of a single column, its own."""
        count = len(self.part.columns)
        block = _KINDS * (count if count > 1 else 0)
        return int(np.searchsorted(self.grams, block << _BITS))

    def _counted(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return row, n-gram with its block, and count, sorted; the texts are given row by row."""
        count = len(self.part.columns)
        folded = joined([text.casefold() for text in texts])
        kinds: list[Callable[[], Owned]] = [
            lambda: words(folded),
            lambda: character_groups(joined([text[:_READ_CLOSELY] for text in texts]), _ORDERS),
            lambda: whole_texts(folded),
        ]
        rows, keys = [], []
        for kind, numbered in enumerate(kinds):
            check_time()
            owner, numbers = numbered()
            row, column = np.divmod(owner, max(count, 1))
            buckets = (numbers >> np.uint64(64 - _BITS)).astype(np.int64)
            for block in [column, np.full_like(column, count)] if count > 1 else [column]:
                rows.append(row)
                keys.append(((block * _KINDS + kind) << _BITS) + buckets)
        bits = _BITS + (_KINDS * (count + 1)).bit_length()
        together = (np.concatenate(rows) << bits) + np.concatenate(keys)
        check_time()
        known, counts = np.unique(together, return_counts=True)
        return known >> bits, known & ((1 << bits) - 1), counts

    def _weights(self, grams: np.ndarray, counts: np.ndarray) -> Entries:
        """Return row, place and weight of the known n-grams of rows."""
        row = np.repeat(np.arange(len(grams)), [len(own) for own in grams])
        keys, times = _together(grams), _together(counts)
        if not len(self.grams):
            return row[:0], row[:0], np.zeros(0, np.float32)
        place = np.searchsorted(self.grams, keys)
        seen = self.grams[place.clip(max=len(self.grams) - 1)] == keys
        row, place = row[seen], place[seen]
        weight = (1 + np.log(times[seen])) * self.rarity[place]
        block = self.grams[place] >> _BITS
        blocks = _KINDS * (len(self.part.columns) + 1)
        group = row * blocks + block
        norm = np.sqrt(np.bincount(group, np.square(weight), minlength=len(grams) * blocks))
        sizes = np.array(_SIZES)[block % _KINDS]
        return row, place, (weight / norm[group] * sizes).astype(np.float32)


def _texts(column: Column, rows: np.ndarray) -> list[str | None]:
    """Return the cells of some rows as texts."""
    if column.values.null_count == len(column.values):
        return [None] * len(rows)
    values = column.values if raw.is_text(column.values) else raw.texts(column)
    whole = len(rows) == len(values) and np.array_equal(rows, np.arange(len(rows)))
    texts: list[str | None] = (values if whole else values.take(rows)).to_pylist()
    return texts


def _by_row(
    counted: tuple[np.ndarray, np.ndarray, np.ndarray], rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return n-grams and counts as an array per row, both object `[rows]`."""
    row, keys, counts = counted
    ends = np.searchsorted(row, np.arange(rows + 1))
    grams, times = np.empty(rows, object), np.empty(rows, object)
    for at in range(rows):
        grams[at] = keys[ends[at] : ends[at + 1]]
        times[at] = counts[ends[at] : ends[at + 1]]
    return grams, times


def _vocabulary(grams: np.ndarray, mask: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the n-grams of at least two rows, sorted, and how rare each is (smoothed idf)."""
    known, counts = np.unique(_together(grams), return_counts=True)
    known, counts = known[counts > 1], counts[counts > 1]
    blocks = known >> _BITS
    kept = []
    for block in np.unique(blocks):
        own = np.flatnonzero(blocks == block)
        kept.append(np.sort(own[np.argsort(-counts[own], kind="stable")[:_GRAMS]]))
    chosen = np.concatenate([np.zeros(0, np.int64), *kept])
    rows = np.append(mask.sum(axis=0), mask.any(axis=1).sum())
    total = rows[np.minimum(blocks[chosen] // _KINDS, count)]
    rarity = np.log((1 + total) / (1 + counts[chosen])) + 1
    return known[chosen], rarity.astype(np.float32)


def _together(arrays: Iterable[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.int64), *arrays])


def _count_words(text: str) -> int:
    return len(text.split())

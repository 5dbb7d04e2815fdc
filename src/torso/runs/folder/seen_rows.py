"""Rows that a run has learnt from, as digests: a table that holds them again is told, for answers and scores flatter there."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from torso.columns.cells import text_of
from torso.columns.inputs import Input
from torso.columns.reading import Reading, ReadOptions
from torso.columns.splits import Split
from torso.runs.schema.schema import Schema
from torso.tables.table import Column, Table

__all__ = ["SeenRows"]

_MOST_KEPT = 20_000  # rows of a run: 8 bytes each
_MOST_ASKED = 1_000  # rows of a table that are looked up


@dataclass(frozen=True, eq=False)
class SeenRows:
    """Some of the rows for training and validation, all of them in a table of usual size.

    Attributes:
        rows: their positions in the table of the fit.
        digests: of their inputs, uint64 `[rows]`.
    """

    rows: np.ndarray
    digests: np.ndarray

    @classmethod
    def of(cls, table: Table, split: Split, schema: Schema, options: ReadOptions) -> SeenRows:
        """Return the rows that a fit learns from, or chooses by."""
        rows = _some(np.concatenate([split.train, split.validation]), _MOST_KEPT)
        return cls(rows, _digests(table.take(rows), schema, options))

    def told(
        self, table: Table, schema: Schema, options: ReadOptions, learnt: int
    ) -> tuple[str, ...]:
        """Return a sentence if `table` holds more of the rows than chance explains.

        Args:
            table: has all inputs.
            schema: of the run.
            options: how files are found.
            learnt: rows that the run learnt from or chose by.
        """
        number = self.among(table, schema, options, learnt)
        return () if number is None else (self.sentence(table.name, number),)

    def sentence(self, table: str, number: str) -> str:
        """Return the sentence about rows of a table; `number` is that of `among`."""
        return (
            f"{table}: {number} rows equal rows that the run learnt from, in all inputs. Answers and scores "
            "flatter there: new rows tell how good the run is."
        )

    def among(self, table: Table, schema: Schema, options: ReadOptions, learnt: int) -> str | None:
        """Return how many of the rows `table` holds, such as `3 of its 40`, if there are more than chance explains.

        Chance is the share of the rows that have a twin among themselves: in a table of few categories, new rows
        equal old ones, too. It is taken at its upper end, so a single row is never told.

        Args:
            table: has all inputs.
            schema: of the run.
            options: how files are found.
            learnt: rows that the run learnt from or chose by.
        """
        some = self.looked_up(table.rows)
        hits = self.hits(table.take(some), schema, options) if len(some) else 0
        return self.number(hits, table.rows, learnt)

    def looked_up(self, rows: int) -> np.ndarray:
        """Return the positions of the rows of a table of `rows` that are looked up, rising."""
        if not len(self.rows) or rows < 2:
            return np.zeros(0, np.int64)
        return _some(np.arange(rows), _MOST_ASKED)

    def hits(self, table: Table, schema: Schema, options: ReadOptions) -> int:
        """Return how many rows of a table are among these."""
        return int(np.isin(_digests(table, schema, options), self.digests).sum())

    def number(self, hits: int, rows: int, learnt: int) -> str | None:
        """Return how many rows of a table are among these, if there are more than chance explains.

        Args:
            hits: rows among those that were looked up.
            rows: of the table.
            learnt: rows that the run learnt from or chose by.
        """
        asked = min(rows, _MOST_ASKED)
        if not hits:
            return None
        _, counts = np.unique(self.digests, return_counts=True)
        chance = (counts[counts > 1].sum() + 3) / (len(self.rows) + 3)
        expected = asked * chance
        if hits <= expected + 3 * expected**0.5:
            return None
        whole = asked == rows and len(self.rows) == learnt
        share = min(1.0, hits / asked * learnt / len(self.rows))
        return f"{hits:,} of its {rows:,}" if whole else f"about {share:.0%} of its"


def _some(rows: np.ndarray, most: int) -> np.ndarray:
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def _digests(table: Table, schema: Schema, options: ReadOptions) -> np.ndarray:
    """Return a digest of each row's inputs, uint64 `[rows]`, alike for a text file and a frame."""
    columns = [
        _cells(schema.column(table, name), kind, options) for name, kind in schema.inputs.items()
    ]
    return np.array(
        [
            int.from_bytes(blake2b(repr(row).encode(errors="replace"), digest_size=8).digest())
            for row in zip(*columns, strict=True)
        ],
        np.uint64,
    )


def _cells(column: Column, kind: Input, options: ReadOptions) -> Iterable[object]:
    if kind.in_files:
        return [stamp.tobytes() for stamp in kind.stamps(column, Reading(options))]
    return map(_written, column.values.to_pylist())


def _written(cell: object) -> object:
    """Return a cell as a CSV and a frame both hold it: the text of a number, or the text itself."""
    if isinstance(cell, str):
        with suppress(ValueError):
            cell = float(cell)
    return text_of(cell) if isinstance(cell, str | float | int | None) else repr(cell)

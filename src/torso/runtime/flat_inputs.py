"""The flat view of rows as inputs of an exported model, beside the features of its modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from torso.columns.dataset import Dataset
from torso.core.whole_files import Json
from torso.plain.flat.view import FlatView
from torso.plain.patterns import met
from torso.runs.schema.schema import Schema
from torso.tables.table import Table

__all__ = ["FlatInputs", "FlatRows"]

_VIEW = "view/"


@dataclass(frozen=True, eq=False)
class FlatRows:
    """All rows of a table as the plain models in a graph read them.

    Attributes:
        dense: float32 `[rows, columns]`, NaN where missing; columns made of an encoder's tokens are filled in by the graph.
        entries: row, column and value of each entry of the sparse part, by row.
        known: bool `[rows]`: rows that lack only what rows of the fit lacked.
    """

    dense: np.ndarray
    entries: tuple[np.ndarray, np.ndarray, np.ndarray]
    known: np.ndarray

    def of_rows(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return input -> array for consecutive rows.

        Args:
            rows: their positions.
        """
        row, column, value = self.entries
        first, last = np.searchsorted(row, [rows[0], rows[-1] + 1])
        return {
            "plain.dense": self.dense[rows],
            "plain.sparse.rows": row[first:last] - rows[0],
            "plain.sparse.columns": column[first:last],
            "plain.sparse.values": value[first:last],
            "plain.known": self.known[rows],
        }


@dataclass(frozen=True, eq=False)
class FlatInputs:
    """A fitted flat view of tables, and the patterns of gaps that its fit has met.

    Attributes:
        view: of the schema's modalities.
        patterns: sets of absent modalities.
    """

    NAMES = (
        "plain.dense",
        "plain.sparse.rows",
        "plain.sparse.columns",
        "plain.sparse.values",
        "plain.known",
    )

    view: FlatView
    patterns: Sequence[Sequence[str]]

    @classmethod
    def restore(cls, schema: Schema, state: Json, arrays: Mapping[str, np.ndarray]) -> FlatInputs:
        """Return the view whose state an export holds.

        Args:
            schema: fitted.
            state: its values, `view` and `patterns`.
            arrays: of the export.
        """
        view = FlatView(schema.modalities.values())
        own = {
            name.removeprefix(_VIEW): array
            for name, array in arrays.items()
            if name.startswith(_VIEW)
        }
        view.restore(state["view"], own)
        return cls(view, [list(map(str, pattern)) for pattern in state["patterns"]])

    def rows(self, schema: Schema, table: Table, dataset: Dataset) -> FlatRows:
        """Return all rows of a table flat.

        Args:
            schema: fitted.
            table: the rows.
            dataset: the table laid out.
        """
        columns = {name: schema.column(table, name) for name in self.view.written}
        dense, entries = self.view.arrays(columns, dataset.sources)
        known = met(dataset.sources, np.arange(table.rows), self.patterns)
        return FlatRows(dense, entries, known)

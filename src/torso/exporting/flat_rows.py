"""Drawn rows of the flat view, which the plain models of a graph read beside the features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from torch import Tensor

from torso.columns.dataset import Dataset
from torso.columns.reading import Reading
from torso.core.types import Features
from torso.exporting.plain import FlatRows
from torso.exporting.ports import BATCH, InputPort
from torso.plain.blend import PlainHalf
from torso.plain.flat.flat import Flat
from torso.runs.schema.schema import Schema
from torso.tables.table import Table

__all__ = [
    "PLAIN",
    "FlatLayout",
    "flat_layout",
    "flat_tensors",
    "moved_columns",
    "plain_ports",
    "with_columns",
    "without_tokens",
]

PLAIN = {
    "plain.dense": "dense",
    "plain.sparse.rows": "rows",
    "plain.sparse.columns": "columns",
    "plain.sparse.values": "values",
    "plain.known": "known",
}
"""Name of an input -> attribute of `FlatRows`."""
_ENTRIES = "plain.entries"
_GAPS, _FILLED = 0.15, 0.05  # shares of drawn cells
# at least, where the sparse part has columns: a trace takes one entry, or none, for a constant
_ENTRIES_A_ROW = 3
_CODES = 3  # drawn codes of categories


@dataclass(frozen=True, eq=False)
class FlatLayout:
    """Columns of a flat view.

    Attributes:
        empty: a row without any cell.
        made: places of dense columns that the graph itself makes of tokens.
    """

    empty: Flat
    made: tuple[int, ...] = ()

    def draw(self, rows: int, draws: np.random.Generator) -> tuple[Flat, np.ndarray]:
        """Return rows, the first of them empty, and bool `[rows]`: those that plain models know."""
        from scipy.sparse import csr_array

        width, sparse = self.empty.dense.shape[1], self.empty.sparse.shape[1]
        dense = draws.normal(0, 2, (rows, width)).astype(np.float32)
        dense[draws.random(dense.shape) < _GAPS] = np.nan
        codes = list(self.empty.codes)
        dense[:, codes] = draws.integers(0, _CODES, (rows, len(codes)))
        dense[:, [*self.made]] = np.nan
        filled = draws.random((rows, sparse)) < max(_FILLED, _ENTRIES_A_ROW / max(sparse, 1))
        values = np.where(filled, draws.random((rows, sparse)), 0.0).astype(np.float32)
        if rows > 1:
            dense[0], values[0] = self.empty.dense[0], self.empty.sparse.toarray()[0]
        flat = Flat(dense, self.empty.codes, csr_array(values), self.empty.names)
        return flat, draws.random(rows) >= _GAPS


def flat_layout(half: PlainHalf, schema: Schema) -> FlatLayout:
    """Return the columns of a half's flat view."""
    empty = Table(pa.table({name: pa.nulls(1) for name in schema.inputs}))
    dataset = schema.dataset(empty, Reading(), targets=False)
    made = [place for own in half.view.encoded for place in own.places.tolist()]
    return FlatLayout(without_tokens(half, schema, empty, dataset, np.array([0])), tuple(made))


def without_tokens(
    half: PlainHalf, schema: Schema, table: Table, dataset: Dataset, rows: np.ndarray
) -> Flat:
    """Return rows of a table flat, NaN in the columns that a graph makes of tokens.

    Args:
        half: the plain models.
        schema: fitted.
        table: the rows.
        dataset: the table laid out, no encoder run.
        rows: positions of the rows that are wanted.
    """
    columns = {name: schema.column(table, name) for name in half.view.written}
    gaps = {(own.modality, True): own.gap(len(rows)) for own in half.view.encoded}
    return half.view.flat(columns, dataset.sources, rows, gaps)


def with_columns(half: PlainHalf, flat: Flat, features: Mapping[str, Features]) -> Flat:
    """Return rows of the flat view with the columns that are made of tokens.

    Args:
        half: the plain models.
        flat: NaN in these columns.
        features: modality -> the same rows; tokens where the view reads them.
    """
    dense = flat.dense.copy()
    for own in half.view.encoded:
        tokens = features[own.modality]
        dense[:, own.places] = own.columns(tokens.values.numpy(), tokens.mask.numpy())
    return replace(flat, dense=dense)


def moved_columns(half: PlainHalf, flat: Flat, amount: float, draws: np.random.Generator) -> Flat:
    """Return rows of the flat view with the columns that are made of tokens a little different.

    Args:
        half: the plain models.
        flat: the rows.
        amount: the most by which a column moves, as a share of its largest number or of 1.
        draws: of the moves.
    """
    if not amount:
        return flat
    dense = flat.dense.copy()
    for own in half.view.encoded:
        columns = dense[:, own.places]
        largest = np.nan_to_num(np.abs(columns)).max(axis=0, initial=1.0)
        dense[:, own.places] += amount * largest * draws.uniform(-1, 1, columns.shape)
    return replace(flat, dense=dense)


def plain_ports(laid: FlatLayout) -> dict[str, InputPort]:
    """Return name -> port of the flat view's tensors."""
    width, sparse = laid.empty.dense.shape[1], laid.empty.sparse.shape[1]
    entries: tuple[int | str, ...] = (_ENTRIES if sparse else 0,)
    told: dict[str, tuple[tuple[int | str, ...], str, str]] = {
        "dense": (
            (BATCH, width),
            "float32",
            "numbers and codes of the flat view; NaN where missing"
            + (", and where the graph fills in tokens' means" if laid.made else ""),
        ),
        "rows": (entries, "int64", "row of each entry of the sparse part, in order"),
        "columns": (entries, "int64", f"its column, below {sparse}"),
        "values": (entries, "float32", "its value"),
        "known": ((BATCH,), "bool", "the row lacks only modalities that rows of the fit lacked"),
    }
    return {name: InputPort("", "plain", *told[attribute]) for name, attribute in PLAIN.items()}


def flat_tensors(flat: Flat, known: np.ndarray) -> dict[str, Tensor]:
    """Return name -> tensor of rows of the flat view."""
    rows = FlatRows.of(flat, known)
    return {name: getattr(rows, attribute) for name, attribute in PLAIN.items()}

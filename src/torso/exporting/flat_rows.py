"""Drawn rows of the flat view, which the plain models of a graph read beside the features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa
from torch import Tensor

from torso.columns.reading import Reading
from torso.core.errors import ConfigError
from torso.exporting.plain import FlatRows
from torso.exporting.ports import BATCH, InputPort
from torso.plain.blend import PlainHalf
from torso.plain.flat.flat import Flat
from torso.runs.blending.half import flat_rows
from torso.runs.schema.schema import Schema
from torso.tables.table import Table

__all__ = ["PLAIN", "FlatLayout", "flat_layout", "flat_tensors", "plain_ports"]

PLAIN = {
    "plain.dense": "dense",
    "plain.sparse.rows": "rows",
    "plain.sparse.columns": "columns",
    "plain.sparse.values": "values",
    "plain.known": "known",
}
"""Name of an input -> attribute of `FlatRows`."""
_ENTRIES = "plain.entries"
_ENCODED = "/encoded"  # ending of a block of the view that reads tokens
_GAPS, _FILLED = 0.15, 0.05  # shares of drawn cells
# at least, where the sparse part has columns: a trace takes one entry, or none, for a constant
_ENTRIES_A_ROW = 3
_CODES = 3  # drawn codes of categories


@dataclass(frozen=True, eq=False)
class FlatLayout:
    """Columns of a flat view.

    Attributes:
        empty: a row without any cell.
    """

    empty: Flat

    def draw(self, rows: int, draws: np.random.Generator) -> tuple[Flat, np.ndarray]:
        """Return rows, the first of them empty, and bool `[rows]`: those that plain models know."""
        from scipy.sparse import csr_array

        width, sparse = self.empty.dense.shape[1], self.empty.sparse.shape[1]
        dense = draws.normal(0, 2, (rows, width)).astype(np.float32)
        dense[draws.random(dense.shape) < _GAPS] = np.nan
        codes = list(self.empty.codes)
        dense[:, codes] = draws.integers(0, _CODES, (rows, len(codes)))
        filled = draws.random((rows, sparse)) < max(_FILLED, _ENTRIES_A_ROW / max(sparse, 1))
        values = np.where(filled, draws.random((rows, sparse)), 0.0).astype(np.float32)
        if rows > 1:
            dense[0], values[0] = self.empty.dense[0], self.empty.sparse.toarray()[0]
        flat = Flat(dense, self.empty.codes, csr_array(values), self.empty.names)
        return flat, draws.random(rows) >= _GAPS


def flat_layout(half: PlainHalf, schema: Schema) -> FlatLayout:
    """Return the columns of a half's flat view.

    Raises:
        ConfigError: it reads the tokens of a frozen encoder, which no graph has before it runs.
    """
    blocks = cast("dict[str, dict[str, list[str]]]", half.view.state()[0]["blocks"])
    encoded = [own["modalities"][0] for key, own in blocks.items() if key.endswith(_ENCODED)]
    if encoded:
        raise ConfigError(
            f"The run cannot be exported as a graph: its plain models read tokens of the frozen encoder of "
            f"{', '.join(encoded)}, which a graph computes only afterwards. Fit without them: --set blend=off."
        )
    empty = Table(pa.table({name: pa.nulls(1) for name in schema.inputs}))
    dataset = schema.dataset(empty, Reading(), targets=False)
    return FlatLayout(flat_rows(half, schema, empty, dataset))


def plain_ports(laid: FlatLayout) -> dict[str, InputPort]:
    """Return name -> port of the flat view's tensors."""
    width, sparse = laid.empty.dense.shape[1], laid.empty.sparse.shape[1]
    entries: tuple[int | str, ...] = (_ENTRIES if sparse else 0,)
    told: dict[str, tuple[tuple[int | str, ...], str, str]] = {
        "dense": (
            (BATCH, width),
            "float32",
            "numbers and codes of the flat view; NaN where missing",
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

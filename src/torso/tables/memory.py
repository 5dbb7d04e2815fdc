"""Tables that are in memory already: frames, columns by name, rows as mappings."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from torso.core.errors import DataError, cell_error

__all__ = ["from_memory", "from_rows"]

_REFUSED = (pa.ArrowException, TypeError, ValueError, OverflowError)


def from_memory(source: Any, table: str) -> pa.Table:
    """Return `source` as an Arrow table of any types.

    Args:
        source: a pandas frame, anything with the Arrow C stream, a mapping of columns, or rows as mappings.
        table: what messages call it.

    Raises:
        DataError: it is none of these, or a cell does not fit its column.
    """
    pandas = sys.modules.get("pandas")  # a frame can only be there if pandas is loaded
    if pandas is not None and isinstance(source, pandas.DataFrame):
        names = [str(name) for name in source.columns]
        arrays = [_pandas_array(source.iloc[:, i], name, table) for i, name in enumerate(names)]
        return pa.Table.from_arrays(arrays, names=names)
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        return pa.table(source)
    if isinstance(source, Mapping):
        return _from_columns(source, table)
    if isinstance(source, Iterable) and not isinstance(source, bytes):
        rows = list(source)
        if all(isinstance(row, Mapping) for row in rows):
            return from_rows(rows, table)
    raise DataError(
        f"Cannot read a table from {type(source).__name__}. Pass a path, a pandas, polars or Arrow table, "
        "a mapping of columns, or a list of rows as mappings."
    )


def from_rows(rows: Sequence[Mapping[str, Any]], table: str) -> pa.Table:
    """Return rows given as mappings; a column that a row lacks is missing there."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return _from_columns({name: [row.get(name) for row in rows] for name in names}, table)


def _from_columns(columns: Mapping[str, Any], table: str) -> pa.Table:
    arrays = {str(name): _array(values, str(name), table) for name, values in columns.items()}
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{table}: the columns differ in length: {lengths}.")
    return pa.Table.from_arrays(list(arrays.values()), names=list(arrays))


def _pandas_array(series: Any, name: str, table: str) -> pa.Array:
    with suppress(pa.ArrowException, TypeError, ValueError):
        return pa.array(series, from_pandas=True)
    return _array(series.tolist(), name, table)


def _array(values: Any, name: str, table: str) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values
    if hasattr(values, "__array__") and not isinstance(values, np.ndarray):
        values = np.asarray(values)
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise DataError(
            f"{table}: column {name!r} should be a sequence of cells. Found {values!r:.60}."
        )
    if isinstance(values, np.ndarray) and values.ndim != 1:
        values = values.tolist()
    with suppress(*_REFUSED):
        return pa.array(values, from_pandas=True)
    cells = [_cell(value) for value in values]
    with suppress(*_REFUSED):
        return pa.array(cells, from_pandas=True)
    for row, cell in enumerate(cells):
        if not isinstance(cell, str | int | float | None):
            first = next(type(c).__name__ for c in cells if c is not None)
            problem = f"a {type(cell).__name__} in a column that mixes types (its first cell is a {first})."
            raise cell_error(table, row + 1, name, problem)
    # Numbers beside text, as in a CSV: keep the text, so that the bad cells can be named later.
    return pa.array([cell if cell is None else str(cell) for cell in cells], pa.large_string())


def _cell(value: object) -> object:
    """Return a cell as Arrow takes it; None for every kind of missing."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):  # arrays, tensors and numpy's scalars
        return value.tolist()
    return None if type(value).__name__ in ("NAType", "NaTType") else value

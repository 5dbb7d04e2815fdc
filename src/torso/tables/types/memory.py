"""Tables that are in memory already: frames, columns by name, rows as mappings."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from torso.core.errors import DataError
from torso.tables.types.common_types import POLARS_ENUM
from torso.tables.types.python_cells import REFUSED, python_column, without_surrogates
from torso.tables.types.raw_column import Categories, RawColumn
from torso.tables.types.single_cells import single_cell

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NamedColumns", "from_arrow", "from_memory", "from_rows"]

_MOST_CELLS, _LEAST_FILLED = (
    20_000_000,
    0.02,
)  # of rows that are mappings; more, and emptier, is no table

NamedColumns = list[tuple[str, RawColumn]]
"""Names and columns of a table in their order; a name may stand there twice."""


def from_memory(source: Any, table: str) -> NamedColumns:
    """Return the columns of `source`, of any types.

    Args:
        source: a pandas or polars frame, anything with the Arrow C stream, a mapping of columns, or rows as mappings.
        table: what messages call it.

    Raises:
        DataError: it is none of these, or its columns differ in length.
    """
    pandas = sys.modules.get("pandas")  # a frame can only be there if pandas is loaded
    if pandas is not None and isinstance(source, pandas.DataFrame):
        return [
            (_name(name), _pandas_column(source.iloc[:, position]))
            for position, name in enumerate(source.columns)
        ]
    if _is_polars(source, "DataFrame"):
        return [(_name(cells.name), _polars_column(cells)) for cells in source.get_columns()]
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        try:
            return from_arrow(pa.table(source))
        except REFUSED as error:
            raise _no_table(source) from error
    if isinstance(source, Mapping):
        return _from_columns(source, table)
    if isinstance(source, Iterable) and not isinstance(source, bytes):
        rows = list(source)
        if all(isinstance(row, Mapping) for row in rows):
            return from_rows(rows, table)
    raise _no_table(source)


def from_arrow(data: pa.Table) -> NamedColumns:
    """Return the columns of an Arrow table."""
    return [
        (_name(field.name), RawColumn(column, field))
        for field, column in zip(data.schema, data.columns, strict=True)
    ]


def from_rows(rows: Sequence[Mapping[str, object]], table: str) -> NamedColumns:
    """Return rows given as mappings; a column that a row lacks is missing there.

    Raises:
        DataError: nearly every row has names of its own, so that a table of them would be empty and vast.
    """
    filled = Counter(name for row in rows for name in row)
    cells, share = len(filled) * len(rows), filled.total() / max(1, len(filled) * len(rows))
    if cells > _MOST_CELLS and share < _LEAST_FILLED:
        raise DataError(
            f"{table}: its {len(rows):,} rows should share the names of their cells. Found {len(filled):,} names, each in "
            f'{share:.2%} of the rows on average. Write names that vary as values: {{"name": ..., "value": ...}}.'
        )
    return [  # one column after the other, since all as lists would take as much again
        (_name(name), _column([row.get(name) for row in rows], table, _name(name)))
        for name in filled
    ]


def _no_table(source: object) -> DataError:
    cures = {
        "Series": " Make it a frame: .to_frame().",
        "LazyFrame": " Collect it: .collect().",
        "ndarray": " Name its columns: pandas.DataFrame(array, columns=[...]).",
        "Prepared": " Train it: torso.train(prepared).",
        "float": " A share of the rows is a setting: settings={'data.split.validation': 0.2}.",
    }
    return DataError(
        f"Cannot read a table from {type(source).__name__}. Pass a path, a pandas, polars or Arrow table, "
        f"a mapping of columns, or a list of rows as mappings.{cures.get(type(source).__name__, '')}"
    )


def _name(name: object) -> str:
    return without_surrogates(str(name))


def _from_columns(columns: Mapping[object, object], table: str) -> NamedColumns:
    named = [(_name(name), _column(cells, table, _name(name))) for name, cells in columns.items()]
    lengths = {name: len(column.values) for name, column in named}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{table}: the columns differ in length: {lengths}.")
    return named


def _column(cells: Any, table: str, name: str) -> RawColumn:
    """Return a column given as an array of any library, a series, or a sequence of Python objects."""
    single = single_cell(cells)
    if single is not None:
        return single
    if isinstance(cells, pa.Array | pa.ChunkedArray):
        return RawColumn.of(cells)
    if _is_polars(cells, "Series"):
        return _polars_column(cells)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(
        cells, pandas.Series | pandas.Index | pandas.api.extensions.ExtensionArray
    ):
        return _pandas_column(pandas.Series(cells))
    if not isinstance(cells, np.ndarray) and hasattr(cells, "__array__"):
        try:
            cells = np.asarray(cells)
        except (*REFUSED, RuntimeError):  # a tensor with a gradient, or on another device
            cells = cells.tolist()
    no_cells = isinstance(cells, str | bytes | Mapping | AbstractSet) or not isinstance(
        cells, Iterable
    )
    if no_cells or (isinstance(cells, np.ndarray) and not cells.ndim):
        raise DataError(
            f"{table}: column {name!r} should be a sequence of cells. Found {cells!r:.60}."
        )
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "S":  # texts of numpy and HDF5
        with suppress(UnicodeDecodeError):
            cells = np.strings.decode(cells, "utf-8")
    if isinstance(cells, np.ndarray) and cells.ndim == 1 and cells.dtype != object:
        with suppress(*REFUSED, NotImplementedError):
            return RawColumn.of(pa.array(cells, from_pandas=True))
    return python_column(list(cells))


def _pandas_column(series: pd.Series[Any]) -> RawColumn:
    dtype = series.dtype
    if dtype.kind == "O" and str(dtype) == "object":
        return python_column(series.tolist())
    with suppress(*REFUSED, NotImplementedError):
        return RawColumn.of(pa.array(series, from_pandas=True))
    column = python_column(series.tolist())
    if not hasattr(dtype, "categories"):
        return column
    return replace(
        column,
        categories=Categories(
            tuple(map(str, dtype.categories)), bool(getattr(dtype, "ordered", False))
        ),
    )


def _polars_column(series: Any) -> RawColumn:
    if str(series.dtype) != "Object":  # whose addresses polars would export
        with suppress(*REFUSED, NotImplementedError):
            column = RawColumn.of(series.to_arrow())
            metadata = {POLARS_ENUM: b""} if str(series.dtype).startswith("Enum") else {}
            return replace(column, field=pa.field("", column.values.type, metadata=metadata))
    return python_column(series.to_list())


def _is_polars(source: object, name: str) -> bool:
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(source, getattr(polars, name))

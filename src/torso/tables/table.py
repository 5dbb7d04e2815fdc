"""A table in memory, whatever it came from: a file, a frame, columns or rows.

Everything is brought to a handful of Arrow types so that the kinds of columns need not ask twice, and so
that a run trained on a CSV can be given a Parquet or a polars frame later:

- text is `large_string`, trimmed, and an empty cell is missing; bytes are `large_binary`;
- numbers are `int64` or `float64`; NaN is missing, infinity stays;
- `bool`, dates and times stay; dictionaries are decoded;
- every kind of list is a `list` of one of these.

Rows count from 0 inside and from 1, without the header, in messages.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.core.errors import DataError, unknown
from torso.tables.files import check_names, read_file
from torso.tables.numerals import as_numbers
from torso.tables.writing import write_file

__all__ = ["Column", "Table", "read_table", "write_table"]


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: as in the header.
        values: one array, of the types that this file's opening lists.
        table: the table's name, for messages.
        places: where each row stands in the table as it was read; None if it still stands there.
    """

    name: str
    values: pa.Array
    table: str
    places: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def number(self, row: int) -> int:
        """Return the number, from 1, that a person finds `row` (from 0) under."""
        return int(row if self.places is None else self.places[row]) + 1

    def error(self, row: int, problem: str) -> DataError:
        """Return the error that says where `problem` is; `row` counts from 0."""
        return DataError(f"{self.table}, row {self.number(row)}, column {self.name!r}: {problem}")


@dataclass(frozen=True)
class Table:
    """Rows under named columns.

    Attributes:
        data: the Arrow table.
        name: file name, or `"<frame>"`, for messages.
        folder: where the file lies, from which its file columns are read; None for a frame.
        places: where each row stands in the table as it was read; None if it still stands there.
    """

    data: pa.Table
    name: str = "<frame>"
    folder: Path | None = None
    places: np.ndarray | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.data.num_rows)

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return list(self.data.column_names)

    def column(self, name: str) -> Column:
        """Return the column called `name`, or a DataError with the nearest name."""
        if name not in self.names:
            raise DataError(f"{self.name}: {unknown('column', name, self.names)}")
        values = self.data.column(name).combine_chunks()
        return Column(name, values, self.name, self.places)

    def take(self, indices: np.ndarray) -> Table:
        """Return the rows at `indices`, in that order; messages still give them their old numbers."""
        places = indices if self.places is None else self.places[indices]
        return Table(self.data.take(index_array(indices)), self.name, self.folder, places)

    def pieces(self, size: int) -> Iterator[Table]:
        """Yield the table in pieces of at most `size` rows."""
        places = np.arange(self.rows) if self.places is None else self.places
        for start in range(0, self.rows, size):
            data = self.data.slice(start, size).combine_chunks()
            yield Table(data, self.name, self.folder, places[start : start + size])


def index_array(indices: np.ndarray) -> pa.Array:
    """Return `indices` as an Arrow array over the same memory.

    `pa.array` would import pandas, half a second, wherever it happens to be installed.
    """
    indices = np.ascontiguousarray(indices, dtype=np.int64)
    return pa.Array.from_buffers(pa.int64(), len(indices), [None, pa.py_buffer(indices)])


def read_table(source: Any, *, missing: Sequence[str] = ()) -> Table:
    """Return the table in `source`.

    Args:
        source: path of a CSV, TSV, JSON-lines (each also `.gz`), JSON, Parquet or Arrow file; a pandas, polars or
            Arrow table, or anything with the Arrow C stream; a mapping of columns; a list of rows as
            mappings; or a Table.
        missing: further texts that mean "no value", such as `["?", "-999"]`; an empty cell always does.

    Raises:
        DataError: no such file, an unreadable or empty one, columns without a name or with the same.
    """
    is_text = False
    if isinstance(source, Table):
        name, folder, data = source.name, source.folder, source.data
    elif isinstance(source, str | Path):
        path = Path(source).expanduser()
        found, is_text = read_file(path)
        name, folder = path.name, path.parent
        data = from_rows(found, name) if isinstance(found, list) else found
    else:
        name, folder, data = "<frame>", None, _in_memory(source)
    check_names(list(data.column_names), name)
    if not data.num_rows:
        raise DataError(f"{name} has no rows{', only a header' if is_text else ''}.")
    columns = []
    for label, column in zip(data.column_names, data.columns, strict=True):
        try:
            columns.append(_normal(column, missing, is_text=is_text))
        except pa.ArrowException as error:
            raise DataError(f"{name}: column {label!r} of type {column.type}: {error}") from error
    data = pa.Table.from_arrays(columns, names=list(data.column_names))
    return Table(data, name, folder)


def write_table(data: pa.Table, path: str | Path) -> None:
    """Write `data` as CSV, TSV, JSON lines, Parquet or Arrow, by the extension of `path`.

    A list in a CSV becomes JSON text. The file appears whole or not at all.
    """
    write_file(data, Path(path).expanduser())


# --- from memory ----------------------------------------------------------------------------------


def _in_memory(source: Any) -> pa.Table:
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(source, pandas.DataFrame):
        names = [str(name) for name in source.columns]
        check_names(names, "<frame>")
        arrays = [_pandas_array(source.iloc[:, i], name) for i, name in enumerate(names)]
        return pa.Table.from_arrays(arrays, names=names)
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        return pa.table(source)
    if isinstance(source, Mapping):
        return from_columns(source, "<frame>")
    if isinstance(source, Iterable) and not isinstance(source, bytes):
        rows = list(source)
        if all(isinstance(row, Mapping) for row in rows):
            return from_rows(rows, "<frame>")
    raise DataError(
        f"Cannot read a table from {type(source).__name__}. Pass a path, a pandas, polars or Arrow table, "
        "a mapping of columns, or a list of rows as mappings."
    )


def from_rows(rows: Sequence[Mapping[str, Any]], table: str) -> pa.Table:
    """Return rows given as mappings; a column that a row lacks is missing there."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    return from_columns({name: [row.get(name) for row in rows] for name in names}, table)


def from_columns(columns: Mapping[str, Any], table: str) -> pa.Table:
    """Return columns given by name, all of one length."""
    arrays = {str(name): _array(values, str(name), table) for name, values in columns.items()}
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(f"{table}: the columns differ in length: {lengths}.")
    return pa.Table.from_arrays(list(arrays.values()), names=list(arrays))


def _pandas_array(series: Any, name: str) -> pa.Array:
    with suppress(pa.ArrowException, TypeError, ValueError):
        return pa.array(series, from_pandas=True)
    return _array(series.tolist(), name, "<frame>")


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
    with suppress(pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.array(values, from_pandas=True)
    cells = [_cell(value) for value in values]
    with suppress(pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.array(cells, from_pandas=True)
    for row, cell in enumerate(cells):
        if not isinstance(cell, str | int | float | None):
            first = next(type(c).__name__ for c in cells if c is not None)
            problem = f"a {type(cell).__name__} in a column that mixes types (its first cell is a {first})."
            raise Column(name, pa.nulls(len(cells)), table).error(row, problem)
    # Numbers beside text, as in a CSV: keep the text, so that the bad cells can be named later.
    return pa.array([cell if cell is None else str(cell) for cell in cells], pa.large_string())


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):  # arrays, tensors and numpy's scalars
        return value.tolist()
    return None if type(value).__name__ in ("NAType", "NaTType") else value


# --- to the common types --------------------------------------------------------------------------


def _normal(column: pa.ChunkedArray, missing: Sequence[str], *, is_text: bool) -> pa.ChunkedArray:
    column = _cast(_storage(column))
    if pa.types.is_large_string(column.type):
        column = _blank(pc.utf8_trim_whitespace(column), missing)
        return as_numbers(column) if is_text and column.null_count < len(column) else column
    if pa.types.is_float64(column.type):
        column = pc.if_else(pc.is_nan(column), pa.nulls(len(column), column.type), column)
    if pa.types.is_float64(column.type) or pa.types.is_int64(column.type):
        for marker in missing:
            with suppress(ValueError, pa.ArrowInvalid):
                is_marker = pc.equal(column, float(marker))
                column = pc.if_else(is_marker, pa.nulls(len(column), column.type), column)
    return column


def _blank(strings: pa.ChunkedArray, missing: Sequence[str]) -> pa.ChunkedArray:
    """Return `strings` with null for empty cells and for the texts that the user calls missing."""
    gone = pc.invert(pc.binary_length(strings).cast(pa.bool_()))
    if missing:
        pattern = "|".join(re.escape(str(marker).strip()) for marker in missing)
        gone = pc.or_(gone, pc.match_substring_regex(strings, f"^(?:{pattern})$"))
    if not pc.any(gone).as_py():
        return strings
    return pc.if_else(gone, pa.nulls(len(strings), strings.type), strings)


def _storage(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return `column` without extension types, dictionaries and run-length codes."""
    if isinstance(column.type, pa.BaseExtensionType):
        chunks = [chunk.storage for chunk in column.chunks]
        return _storage(pa.chunked_array(chunks, column.type.storage_type))
    if pa.types.is_dictionary(column.type):
        plain = _common_type(column.type.value_type)  # views cannot be taken from
        chunks = [chunk.dictionary.cast(plain).take(chunk.indices) for chunk in column.chunks]
        return pa.chunked_array(chunks, plain)
    if pa.types.is_run_end_encoded(column.type):
        chunks = [pc.run_end_decode(chunk) for chunk in column.chunks]
        return _storage(pa.chunked_array(chunks, column.type.value_type))
    return column


def _cast(column: pa.ChunkedArray) -> pa.ChunkedArray:
    wanted = _common_type(column.type)
    if wanted == column.type:
        return column
    try:
        return column.cast(wanted)
    except pa.ArrowInvalid:  # an unsigned integer beyond int64
        return column.cast(pa.float64())


def _common_type(found: pa.DataType) -> pa.DataType:
    kinds = pa.types
    if (
        kinds.is_string(found)
        or kinds.is_large_string(found)
        or kinds.is_string_view(found)
        or kinds.is_null(found)
    ):
        return pa.large_string()
    if kinds.is_binary(found) or kinds.is_fixed_size_binary(found) or kinds.is_binary_view(found):
        return pa.large_binary()
    if kinds.is_integer(found):
        return pa.int64()
    if kinds.is_floating(found) or kinds.is_decimal(found):
        return pa.float64()
    if kinds.is_dictionary(found):
        return _common_type(found.value_type)
    if kinds.is_nested(found) and hasattr(found, "value_type") and not kinds.is_map(found):
        inner = found.value_type
        return pa.list_(pa.float64() if kinds.is_null(inner) else _common_type(inner))
    return found

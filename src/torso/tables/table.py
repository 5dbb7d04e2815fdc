"""A table in memory, from a file, a frame, columns or rows.

Everything is brought to a handful of Arrow types. So the kinds of columns need not ask twice, and a run
trained on a CSV can be given a Parquet or a polars frame later:

- text is `large_string`, trimmed, and an empty cell is missing; bytes are `large_binary`. A CSV or TSV holds
  nothing but text: kinds of columns read it cell by cell, so a row alone means what it means in its table;
- numbers are `int64` or `float64`; NaN is missing, infinity stays;
- `bool`, dates and times stay; dictionaries are decoded;
- every kind of list is a `list` of one of these.

Rows count from 0 inside and from 1, without the header, in messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from torso.core.errors import DataError, cell_error, unknown
from torso.tables.arrow_types import normalised
from torso.tables.files import read_file, write_file
from torso.tables.memory import from_memory, from_rows
from torso.tables.names import check_names

__all__ = ["Column", "Table", "index_array", "read_table", "write_table"]

_FRAME = "<frame>"  # the name of a table in memory


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: as in the header.
        values: one array, of the types that this file's opening lists.
        table: the table's name, for messages.
        original_rows: each row's position in the table as it was read; None if it is still the same.
    """

    name: str
    values: pa.Array
    table: str
    original_rows: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def row_number(self, row: int) -> int:
        """Return the number, from 1, under which a person finds `row` (from 0) in the table."""
        return int(row if self.original_rows is None else self.original_rows[row]) + 1

    def error(self, row: int, problem: str) -> DataError:
        """Return the error that names table, row and column; `row` counts from 0."""
        return cell_error(self.table, self.row_number(row), self.name, problem)


@dataclass(frozen=True)
class Table:
    """Rows under named columns.

    Attributes:
        data: the Arrow table.
        name: file name, or `"<frame>"`, for messages.
        folder: where the file lies, from which its file columns are read; None for a frame.
        original_rows: each row's position in the table as it was read; None if it is still the same.
    """

    data: pa.Table
    name: str = _FRAME
    folder: Path | None = None
    original_rows: np.ndarray | None = None

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.data.num_rows)

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return list(self.data.column_names)

    def column(self, name: str) -> Column:
        """Return the column called `name`, or raise a DataError with the nearest name."""
        if name not in self.names:
            raise DataError(f"{self.name}: {unknown('column', name, self.names)}")
        values = self.data.column(name).combine_chunks()
        return Column(name, values, self.name, self.original_rows)

    def take(self, indices: np.ndarray) -> Table:
        """Return the rows at `indices`, in that order; messages still give them their old numbers."""
        rows = indices if self.original_rows is None else self.original_rows[indices]
        return Table(self.data.take(index_array(indices)), self.name, self.folder, rows)

    def pieces(self, size: int) -> Iterator[Table]:
        """Yield the table in pieces of at most `size` rows."""
        rows = np.arange(self.rows) if self.original_rows is None else self.original_rows
        for start in range(0, self.rows, size):
            data = self.data.slice(start, size).combine_chunks()
            yield Table(data, self.name, self.folder, rows[start : start + size])


def index_array(indices: np.ndarray) -> pa.Array:
    """Return `indices` as an Arrow array over the same memory."""
    indices = np.ascontiguousarray(indices, dtype=np.int64)
    # `pa.array` would import pandas, half a second, wherever it happens to be installed.
    return pa.Array.from_buffers(pa.int64(), len(indices), [None, pa.py_buffer(indices)])


def read_table(source: object, *, missing: Sequence[str] = ()) -> Table:
    """Return the table in `source`.

    Args:
        source: path of a CSV, TSV, JSON-lines (each also `.gz`), JSON, Parquet or Arrow file; a pandas, polars or
            Arrow table, or anything with the Arrow C stream; a mapping of columns; a list of rows as
            mappings; or a Table.
        missing: further texts that mean "no value", such as `["?", "-999"]`; an empty cell always does.

    Raises:
        DataError: no such file, an unreadable or empty one, columns without a name or with the same.
    """
    typed = True
    if isinstance(source, Table):
        name, folder, data = source.name, source.folder, source.data
    elif isinstance(source, str | Path):
        path = Path(source).expanduser()
        content, typed = read_file(path)
        name, folder = path.name, path.parent
        data = from_rows(content, name) if isinstance(content, list) else content
    else:
        name, folder, data = _FRAME, None, from_memory(source, _FRAME)
    check_names(list(data.column_names), name)
    if not data.num_rows:
        raise DataError(f"{name} has no rows{'' if typed else ', only a header'}.")
    columns = []
    for label, column in zip(data.column_names, data.columns, strict=True):
        try:
            columns.append(normalised(column, missing))
        except pa.ArrowException as error:
            raise DataError(f"{name}: column {label!r} of type {column.type}: {error}") from error
    return Table(pa.Table.from_arrays(columns, names=list(data.column_names)), name, folder)


def write_table(data: pa.Table, path: str | Path) -> None:
    """Write `data` as CSV, TSV, JSON lines, JSON, Parquet or Arrow, by the extension of `path`.

    A list in a CSV becomes JSON text. The file appears whole or not at all.

    Raises:
        DataError: an unknown extension, or bytes in a text format.
    """
    write_file(data, Path(path).expanduser())

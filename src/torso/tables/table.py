"""A table in memory, from a file, a frame, columns or rows.

Everything is brought to a handful of Arrow types. So the kinds of columns need not ask twice, and a run
trained on a CSV can be given a Parquet or a polars frame later:

- text is `large_string`, trimmed, and an empty cell is missing; bytes are `large_binary`. A CSV or TSV holds
  nothing but text: kinds of columns read it cell by cell, so a row alone means what it means in its table;
- numbers are `int64` or `float64`, `uint64` where they are beyond `int64`; NaN is missing, infinity stays;
- `bool`, dates and times stay; durations are seconds; dictionaries are decoded, and keep their categories;
- every kind of list is a `list` of one of these, or of structs;
- files as a hub's structs hold them are bytes or paths, or a struct of both (`media_cells.MEDIA`).

A column of any other type stands in no one's way: only who asks for it gets an error (`Table.unreadable`).

Rows count from 0 inside and from 1, without the header, in messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.core.errors import DataError, cell_error, unknown
from torso.tables.arrays import index_array
from torso.tables.databases import Address, is_address, read_query
from torso.tables.formats.file_format import Content
from torso.tables.formats.files import read_file, write_file
from torso.tables.formats.text_settings import TextSettings
from torso.tables.formats.zipped import is_zip
from torso.tables.missing_cells import normalised
from torso.tables.names import settled_names
from torso.tables.types.common_types import common_column
from torso.tables.types.memory import NamedColumns, from_arrow, from_memory, from_rows
from torso.tables.types.raw_column import Categories, RawColumn, Unreadable

__all__ = ["Column", "Table", "as_table", "read_table", "write_table"]

_UNSET = TextSettings()
Fact = TypeVar("Fact")

_FRAME = "<frame>"  # the name of a table in memory


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: as in the header.
        values: one array, of the types that this file's opening lists.
        table: the table's name, for messages.
        original_rows: each row's position in the table as it was read; None if it is still the same.
        categories: the values of a categorical type, as text, in their order; None for any other type.
        ordered: the categories have an order.
        typed: cells of text were text; in a CSV they may be anything.
    """

    name: str
    values: pa.Array
    table: str
    original_rows: np.ndarray | None = None
    categories: tuple[str, ...] | None = None
    ordered: bool = False
    typed: bool = True

    def __len__(self) -> int:
        return len(self.values)

    def row_number(self, row: int) -> int:
        """Return the number, from 1, under which a person finds `row` (from 0) in the table."""
        return int(row if self.original_rows is None else self.original_rows[row]) + 1

    def of_another_type(self, expected: str) -> DataError:
        """Return the error for a column of another type than `expected`."""
        row = int(pc.index(self.values.is_valid(), True).as_py())
        return self.error(
            max(0, row),
            f"expected {expected}, found cells of type {self.values.type}. Give {expected}, as in the table of the "
            "fit, or fit with another kind of column",
        )

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
        notes: sentences about how the table was read, for the user: the dialect of its file, new names.
        unreadable: columns that no kind can read, and why; `data` only says which of their cells are filled.
        categories: columns of a categorical type, and its values.
        encoding: of its file, if only the text tells it.
        typed: text is text; in a CSV it may be anything.
    """

    data: pa.Table
    name: str = _FRAME
    folder: Path | None = None
    original_rows: np.ndarray | None = None
    notes: tuple[str, ...] = ()
    unreadable: Mapping[str, Unreadable] = field(default_factory=dict)
    categories: Mapping[str, Categories] = field(default_factory=dict)
    encoding: str | None = None
    typed: bool = True

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.data.num_rows)

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns, in order."""
        return list(self.data.column_names)

    def column(self, name: str) -> Column:
        """Return the column called `name`.

        Raises:
            DataError: there is none, and the nearest name; or its cells cannot be read.
        """
        if name not in self.names:
            raise DataError(f"{self.name}: {unknown('column', name, self.names)}")
        if name in self.unreadable:
            raise self.unreadable[name].error(self.name, name)
        chunked = self.data.column(name)
        values = chunked.chunk(0) if chunked.num_chunks == 1 else chunked.combine_chunks()
        categories = self.categories.get(name)
        return Column(
            name,
            values,
            self.name,
            self.original_rows,
            None if categories is None else categories.names,
            categories is not None and categories.ordered,
            self.typed,
        )

    def renamed(self, names: Sequence[str]) -> Table:
        """Return the table under other names."""
        new = dict(zip(self.names, names, strict=True))
        return replace(
            self,
            data=self.data.rename_columns(list(names)),
            unreadable={new[name]: why for name, why in self.unreadable.items()},
            categories={new[name]: own for name, own in self.categories.items()},
        )

    def with_column(self, name: str, other: Table) -> Table:
        """Return the table with a column of `other`, which has as many rows."""
        return replace(
            self,
            data=self.data.append_column(name, other.data[name]),
            unreadable={**self.unreadable, **_only(name, other.unreadable)},
            categories={**self.categories, **_only(name, other.categories)},
        )

    def take(self, indices: np.ndarray) -> Table:
        """Return the rows at `indices`, in that order; messages still give them their old numbers."""
        rows = indices if self.original_rows is None else self.original_rows[indices]
        return replace(self, data=self.data.take(index_array(indices)), original_rows=rows)

    def pieces(self, size: int) -> Iterator[Table]:
        """Yield the table in pieces of at most `size` rows."""
        rows = np.arange(self.rows) if self.original_rows is None else self.original_rows
        if self.rows <= size:
            yield replace(self, original_rows=rows)
            return
        for start in range(0, self.rows, size):
            data = self.data.slice(start, size).combine_chunks()
            yield replace(self, data=data, original_rows=rows[start : start + size])


def _only(name: str, facts: Mapping[str, Fact]) -> dict[str, Fact]:
    return {name: facts[name]} if name in facts else {}


def read_table(
    source: object, *, missing: Sequence[str] = (), settings: TextSettings = _UNSET
) -> Table:
    """Return the table in `source`.

    Args:
        source: path of a CSV, TSV, JSON-lines (each also `.gz`), JSON, Parquet or Arrow file, or of a zip with one; the
            address of a database and a query (`torso.tables.databases`); a pandas, polars or Arrow table, or anything with
            the Arrow C stream; a mapping of columns; a list of rows as mappings; or a Table.
        missing: further texts that mean "no value", such as `["?", "-999"]`; an empty cell always does.
        settings: delimiter and encoding of a text file, as far as the user says so.

    Raises:
        DataError: no such file, or an unreadable or empty one.
    """
    typed, folder = True, None
    notes: tuple[str, ...] = ()
    encoding = None
    if isinstance(source, Table):
        return _again(source, missing)
    if isinstance(source, str | Path):
        content, typed, name, folder = _from_outside(source, settings)
        notes, encoding, rows = content.notes, content.encoding, content.data
        raw = from_rows(rows, name) if isinstance(rows, list) else from_arrow(rows)
        del content, rows
    else:
        name, raw = _FRAME, from_memory(source, _FRAME)
    names, renamed = settled_names([label for label, _ in raw], name)
    if not len(raw[0][1].values):
        raise DataError(f"{name} has no rows{'' if typed else ', only a header'}.")
    for position, label in enumerate(names):
        raw[position] = (label, raw[position][1])
    table = as_table(raw, name, folder, missing)
    notes = (*notes, *renamed, *table.notes)
    return replace(table, notes=notes, encoding=encoding, typed=typed)


def _from_outside(
    source: str | Path, settings: TextSettings
) -> tuple[Content, bool, str, Path | None]:
    """Return the rows of a file or a query, whether their cells have types, its name, and its folder."""
    if isinstance(source, str) and is_address(source):
        address = Address.parse(source)
        content, typed = read_query(address)
        return content, typed, address.name, None if address.file is None else address.file.parent
    path = Path(source).expanduser()
    content, typed = read_file(path, settings)
    return content, typed, path.name, path if is_zip(path) or path.is_dir() else path.parent


def as_table(raw: NamedColumns, name: str, folder: Path | None, missing: Sequence[str]) -> Table:
    """Return columns of any types as a table of the common ones, and take them out of `raw`.

    So each column is in memory twice only while it is converted.
    """
    columns: dict[str, RawColumn] = {}
    raw.reverse()
    while raw:
        label, given = raw.pop()
        column = common_column(given)
        if column.unreadable is None and (missing or not column.is_settled):
            column = replace(column, values=normalised(column.values, missing))
        columns[label] = column
    return Table(
        pa.table({label: column.values for label, column in columns.items()}),
        name,
        folder,
        notes=tuple(f"{label}: {c.note}." for label, c in columns.items() if c.note),
        unreadable={label: c.unreadable for label, c in columns.items() if c.unreadable},
        categories={label: c.categories for label, c in columns.items() if c.categories},
    )


def _again(table: Table, missing: Sequence[str]) -> Table:
    """Return a table whose columns may be of any types as one of the common types."""
    readable = table.data.drop_columns(list(table.unreadable))
    same = as_table(from_arrow(readable), table.name, table.folder, missing)
    return replace(
        same,
        notes=(*table.notes, *same.notes),
        unreadable={**same.unreadable, **table.unreadable},
        categories={**same.categories, **table.categories},
        encoding=table.encoding,
        typed=table.typed,
    )


def write_table(data: pa.Table, path: str | Path) -> None:
    """Write `data` as CSV, TSV, JSON lines, JSON, Parquet or Arrow, by the extension of `path`.

    A list in a CSV becomes JSON text. The file appears whole or not at all.

    Raises:
        DataError: an unknown extension, or bytes in a text format.
    """
    write_file(data, Path(path).expanduser())

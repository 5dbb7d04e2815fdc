"""Table files: CSV, TSV, JSON lines, Parquet and Arrow in.

Text formats carry no types, so a CSV is read as strings and a column becomes numbers only where every
cell says so. That keeps the codes "007" and "02139" what they are, and a single bad cell stays visible as
text that can be named instead of a NaN that cannot. Every message names the file and the row.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from torso.core.errors import DataError
from torso.tables.formats import (
    KNOWN,
    PARQUET,
    SEPARATORS,
    TEXT,
    UNREADABLE,
    in_short,
    known_formats,
    nearby,
    open_bytes,
    open_text,
    suffix_of,
)

__all__ = ["check_names", "read_file"]


def read_file(path: Path) -> tuple[pa.Table | list[dict[str, Any]], bool]:
    """Return the table or the rows in `path`, and whether its cells are text that may mean numbers."""
    suffix, packed = suffix_of(path)
    if path.is_dir():
        raise DataError(
            f"{path} is a folder. Give the table inside it: a file ending in {known_formats()}."
        )
    if not path.exists():
        raise DataError(f"{path}: file not found.{nearby(path)}")
    if suffix not in KNOWN or (packed and suffix not in TEXT):
        raise DataError(
            f"{path.name}: unknown kind of table {path.suffix!r}. Known: {known_formats()}."
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path.name} is empty.")
    try:
        if suffix in SEPARATORS:
            return _read_csv(path, SEPARATORS[suffix]), True
        if suffix in TEXT:
            return _read_json(path, suffix), False
        return (_read_parquet(path) if suffix in PARQUET else _read_arrow(path)), False
    except UNREADABLE as error:
        raise DataError(
            f"{path.name} is damaged or not a {suffix} file: {in_short(error)}"
        ) from error


def _read_csv(path: Path, separator: str) -> pa.Table:
    from pyarrow import csv as arrow_csv

    header = _csv_header(path, separator)
    strings = dict.fromkeys(header, pa.large_string())
    # A cell may be long (a paragraph, a vector): a block must hold its whole row.
    for block in (1 << 24, (1 << 31) - 1):
        try:
            table = arrow_csv.read_csv(
                str(path),
                read_options=arrow_csv.ReadOptions(block_size=block),
                parse_options=arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
                convert_options=arrow_csv.ConvertOptions(column_types=strings, null_values=[]),
            )
            return table.rename_columns([name.strip() for name in header])
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error):
                raise _csv_problem(path, separator, len(header), error) from error
    raise DataError(
        f"{path.name} has a row of more than 2 GB. Store such cells in files of their own."
    )


def _csv_header(path: Path, separator: str) -> list[str]:
    try:
        with open_text(path) as text:
            header = next((row for row in csv.reader(text, delimiter=separator) if row), None)
    except UnicodeDecodeError as error:
        raise _not_utf8(path) from error
    except csv.Error as error:
        raise DataError(f"{path.name}, line 1: the header cannot be read: {error}.") from error
    if header is None:
        raise DataError(f"{path.name} is empty.")
    check_names([name.strip() for name in header], path.name)
    return header


def _csv_problem(path: Path, separator: str, width: int, error: Exception) -> DataError:
    """Return the error that names the first row which is not `width` cells of UTF-8."""
    try:
        with open_text(path) as text:
            reader = csv.reader(text, delimiter=separator)
            rows = (row for row in reader if row)
            for number, row in enumerate(rows):
                if len(row) != width:
                    return DataError(
                        f"{path.name}, row {number} (line {reader.line_num}): {len(row)} cells where the header "
                        f"has {width}. Quote the cells that hold {separator!r} or a line break."
                    )
    except UnicodeDecodeError:
        return _not_utf8(path)
    except csv.Error as found:
        error = found
    return DataError(f"{path.name} cannot be read as a table: {in_short(error)}")


def _not_utf8(path: Path) -> DataError:
    with open_bytes(path) as file:
        start = file.read(2)
    if start in (b"\xff\xfe", b"\xfe\xff"):
        where, charset = "it is UTF-16", "UTF-16"
    else:
        where, charset = f"line {_first_bad_line(path)} holds other bytes", "LATIN1"
    return DataError(
        f"{path.name} is not UTF-8: {where}. Convert it first, for example: "
        f"iconv -f {charset} -t UTF-8 {path.name} > utf8-{path.name}"
    )


def _first_bad_line(path: Path) -> int:
    with open_bytes(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 1


def _read_json(path: Path, suffix: str) -> list[dict[str, Any]]:
    with open_bytes(path) as file:
        raw = file.read()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_utf8(path) from error
    if suffix == ".json" and text.lstrip().startswith("["):
        try:
            rows = json.loads(text)
        except ValueError as error:
            raise DataError(f"{path.name} is not valid JSON: {error}.") from error
    else:
        rows = list(_json_lines(text, path.name))
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DataError(
                f"{path.name}, row {number}: a row should be an object such as "
                f'{{"column": 1}}. Found {str(row)[:60]!r}.'
            )
    return list(rows)


def _json_lines(text: str, name: str) -> Iterator[Any]:
    for number, line in enumerate(io.StringIO(text), start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise DataError(f"{name}, line {number} is not valid JSON: {error}.") from error


def _read_parquet(path: Path) -> pa.Table:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        table = file.read()
    index = [name for name in table.column_names if name.startswith("__index_level_")]
    return table.drop_columns(index) if index else table


def _read_arrow(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as file:
        with suppress(pa.ArrowInvalid):
            return pa.ipc.open_file(file).read_all()
        file.seek(0)
        return pa.ipc.open_stream(file).read_all()


def check_names(names: list[str], table: str) -> None:
    """Raise a DataError unless every column of `table` has a name of its own."""
    if not names:
        raise DataError(f"{table} has no columns.")
    for position, name in enumerate(names, start=1):
        if not name.strip():
            raise DataError(
                f"{table}: column {position} has no name. Name it in the header, or leave it out "
                "(pandas writes such a column unless told `to_csv(..., index=False)`)."
            )
    twice = (
        sorted({name for name in names if names.count(name) > 1})
        if len(set(names)) < len(names)
        else []
    )
    if twice:
        raise DataError(f"{table}: several columns are called {twice}. Rename all but one of each.")

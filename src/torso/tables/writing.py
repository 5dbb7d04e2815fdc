"""Table files written: a file appears whole or not at all, and text holds what JSON can."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from torso.core.errors import DataError
from torso.tables.formats import (
    ARROW,
    KNOWN,
    PARQUET,
    SEPARATORS,
    TEXT,
    known_formats,
    open_text,
    suffix_of,
)

__all__ = ["check_writable", "write_file"]


def check_writable(path: Path) -> None:
    """Refuse a path whose extension names no kind of table."""
    suffix, packed = suffix_of(path)
    if suffix not in KNOWN or (packed and suffix not in TEXT):
        raise DataError(
            f"Cannot write {path.name}: unknown kind of table. Known: {known_formats()}."
        )


def write_file(data: pa.Table, path: Path) -> None:
    """Write `data` in the format of the extension of `path`; a list in a CSV becomes JSON text."""
    check_writable(path)
    suffix, packed = suffix_of(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(
        f"{path.name}.half"
    )  # a killed writer leaves no half table that looks whole
    try:
        if suffix in PARQUET:
            from pyarrow import parquet

            parquet.write_table(data, half)
        elif suffix in ARROW:
            with pa.OSFile(str(half), "wb") as sink, pa.ipc.new_file(sink, data.schema) as writer:
                writer.write_table(data)
        else:
            with open_text(half, "wt", packed=packed) as text:
                if suffix in SEPARATORS:
                    _write_csv(data, text, SEPARATORS[suffix], path.name)
                else:
                    _write_json(data, text, path.name, as_list=suffix == ".json")
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def _write_csv(data: pa.Table, text: Any, separator: str, name: str) -> None:
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(data.column_names)
    columns = [
        _as_text(data.column(i), data.column_names[i], name) for i in range(data.num_columns)
    ]
    writer.writerows(zip(*columns, strict=True))


def _as_text(column: pa.ChunkedArray, name: str, table: str) -> list[str | None]:
    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return list(column.cast(pa.large_string()).to_pylist())
    cells = [_plain(cell, name, table) for cell in _few_digits(column)]
    return [json.dumps(c, ensure_ascii=False) if isinstance(c, list | dict) else c for c in cells]


def _write_json(data: pa.Table, text: Any, name: str, *, as_list: bool) -> None:
    columns = [
        [_plain(cell, column, name) for cell in _few_digits(data.column(i))]
        for i, column in enumerate(data.column_names)
    ]
    rows = (
        json.dumps(dict(zip(data.column_names, row, strict=True)), ensure_ascii=False)
        for row in zip(*columns, strict=True)
    )
    if as_list:
        text.write("[\n" + ",\n".join(rows) + "\n]\n")
    else:
        text.writelines(f"{row}\n" for row in rows)


def _few_digits(column: pa.ChunkedArray) -> list[Any]:
    """Return the cells, float32 with no more digits than tell it from its neighbours."""
    kind = column.type
    if pa.types.is_float32(kind):
        written = pa.large_string()
    elif pa.types.is_list(kind) and pa.types.is_float32(kind.value_type):
        written = pa.list_(pa.large_string())
    else:
        return list(column.to_pylist())
    return [_read_back(cell) for cell in column.cast(written).to_pylist()]


def _read_back(cell: Any) -> Any:
    if isinstance(cell, list):
        return [_read_back(one) for one in cell]
    return None if cell is None else float(cell)


def _plain(cell: Any, column: str, table: str) -> Any:
    """Return `cell` as JSON can hold it."""
    if isinstance(cell, bytes):
        raise DataError(
            f"{table}: column {column!r} holds bytes, which text cannot. Write Parquet instead."
        )
    if isinstance(cell, list):
        return [_plain(item, column, table) for item in cell]
    if isinstance(cell, Mapping):
        return {key: _plain(item, column, table) for key, item in cell.items()}
    if isinstance(cell, float) and cell != cell:
        return None
    return cell if cell is None or isinstance(cell, str | int | float) else str(cell)

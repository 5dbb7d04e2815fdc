"""JSON lines and JSON: a row is an object."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from torso.core.errors import DataError
from torso.tables.formats.encoding import decoded
from torso.tables.formats.file_format import (
    Content,
    FileFormat,
    Row,
    no_bytes,
    open_buffer,
    open_text,
)
from torso.tables.formats.json_shapes import ShapeError, rows_of_lists, rows_of_object
from torso.tables.formats.text_settings import TextSettings

__all__ = ["Json", "JsonLines", "json_cells"]


class JsonLines(FileFormat):
    """An object per line."""

    def read(self, path: Path, settings: TextSettings) -> Content:
        """Return the rows."""
        return _content(path, settings)

    def write(self, data: pa.Table, path: Path, name: str, *, packed: bool) -> None:
        """Write a line per row."""
        rows = _json_rows(data, name)
        with open_text(path, "wt", packed=packed) as text:
            text.writelines(f"{row}\n" for row in rows)


class Json(FileFormat):
    """A list of objects; lines of objects and the other `json_shapes` are read, too."""

    def read(self, path: Path, settings: TextSettings) -> Content:
        """Return the rows."""
        return _content(path, settings)

    def write(self, data: pa.Table, path: Path, name: str, *, packed: bool) -> None:
        """Write one list, a line per row."""
        rows = _json_rows(data, name)
        with open_text(path, "wt", packed=packed) as text:
            text.write("[\n" + ",\n".join(rows) + "\n]\n")


def _content(path: Path, settings: TextSettings) -> Content:
    decoded_text = decoded(open_buffer(path), path.name, settings)
    text = decoded_text.content.to_pybytes().decode()
    try:
        rows, note = _rows(text, path.name)
    except ShapeError as error:
        raise DataError(f"{path.name}: {error}") from None
    notes = (*decoded_text.notes, f"{path.name}: {note}.") if note else decoded_text.notes
    return Content(_objects(path.name, rows), notes, decoded_text.guess)


def _rows(text: str, name: str) -> tuple[Sequence[object], str]:
    """Return the rows in a list, in lines or in an object, and a sentence if it is an object."""
    first = text.lstrip()[:1]
    if first == "[":
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{name} is not valid JSON: {error}.") from error
        return rows_of_lists(rows)
    try:
        lines = list(_lines(text, name))
    except DataError:
        whole = None
        with suppress(ValueError, RecursionError):
            whole = json.loads(text)
        if not isinstance(whole, dict):
            raise
        return rows_of_object(whole, spread=True)
    return (
        rows_of_object(lines[0]) if len(lines) == 1 and isinstance(lines[0], dict) else (lines, "")
    )


def _lines(text: str, name: str) -> Iterator[object]:
    for line_number, line in enumerate(io.StringIO(text), start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                raise DataError(
                    f"{name}, line {line_number} is not valid JSON: {error}."
                ) from error


def _objects(name: str, rows: Sequence[object]) -> list[Row]:
    """Return `rows`, each of which must be an object."""
    objects: list[Row] = []
    for row_number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DataError(
                f"{name}, row {row_number}: a row should be an object such as "
                f'{{"column": 1}}, or a list below a list of names. Found {str(row)[:60]!r}.'
            )
        objects.append(row)
    return objects


def _json_rows(data: pa.Table, name: str) -> Iterator[str]:
    labels = data.column_names
    columns = [
        json_cells(column, label, name) for label, column in zip(labels, data.columns, strict=True)
    ]
    return (
        json.dumps(dict(zip(labels, row, strict=True)), ensure_ascii=False)
        for row in zip(*columns, strict=True)
    )


def json_cells(column: pa.ChunkedArray, label: str, table: str) -> list[object]:
    """Return the cells as JSON can hold them.

    Raises:
        DataError: the column called `label` of `table` holds bytes.
    """
    return [_plain(cell, label, table) for cell in _few_digits(column)]


def _few_digits(column: pa.ChunkedArray) -> list[object]:
    """Return the cells, float32 with no more digits than tell it from its neighbours."""
    kind = column.type
    if pa.types.is_float32(kind):
        text = pa.large_string()
    elif pa.types.is_list(kind) and pa.types.is_float32(kind.value_type):
        text = pa.list_(pa.large_string())
    else:
        return list(column.to_pylist())
    return [_read_back(cell) for cell in column.cast(text).to_pylist()]


def _read_back(cell: Any) -> object:
    if isinstance(cell, list):
        return [_read_back(item) for item in cell]
    return None if cell is None else float(cell)


def _plain(cell: object, label: str, table: str) -> object:
    if isinstance(cell, bytes):
        raise no_bytes(table, label)
    if isinstance(cell, list):
        return [_plain(item, label, table) for item in cell]
    if isinstance(cell, Mapping):
        return {key: _plain(item, label, table) for key, item in cell.items()}
    if isinstance(cell, float) and cell != cell:  # JSON has no NaN
        return None
    return cell if cell is None or isinstance(cell, str | int | float) else str(cell)

"""JSON lines and JSON: a row is an object."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from torso.core.errors import DataError
from torso.tables.encoding import decoded
from torso.tables.file_format import Content, FileFormat, Row, open_buffer, open_text
from torso.tables.text_settings import TextSettings

__all__ = ["Json", "JsonLines", "json_cells"]


class JsonLines(FileFormat):
    """An object per line."""

    def read(self, path: Path, settings: TextSettings) -> Content:
        """Return the rows."""
        text, content = _text(path, settings)
        return replace(content, data=_objects(path.name, list(_lines(text, path.name))))

    def write(self, data: pa.Table, path: Path, name: str, *, packed: bool) -> None:
        """Write a line per row."""
        rows = _json_rows(data, name)
        with open_text(path, "wt", packed=packed) as text:
            text.writelines(f"{row}\n" for row in rows)


class Json(FileFormat):
    """A list of objects; lines of objects are read, too."""

    def read(self, path: Path, settings: TextSettings) -> Content:
        """Return the rows."""
        text, content = _text(path, settings)
        if not text.lstrip().startswith("["):
            return replace(content, data=_objects(path.name, list(_lines(text, path.name))))
        try:
            rows = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path.name} is not valid JSON: {error}.") from error
        return replace(content, data=_objects(path.name, rows))

    def write(self, data: pa.Table, path: Path, name: str, *, packed: bool) -> None:
        """Write one list, a line per row."""
        rows = _json_rows(data, name)
        with open_text(path, "wt", packed=packed) as text:
            text.write("[\n" + ",\n".join(rows) + "\n]\n")


def _text(path: Path, settings: TextSettings) -> tuple[str, Content]:
    """Return a file's text, and content without rows that tells of its encoding."""
    text = decoded(open_buffer(path), path.name, settings)
    return text.content.to_pybytes().decode(), Content([], text.notes, text.guess)


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
                f'{{"column": 1}}. Found {str(row)[:60]!r}.'
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
        raise DataError(
            f"{table}: column {label!r} holds bytes, which text cannot. Write Parquet instead."
        )
    if isinstance(cell, list):
        return [_plain(item, label, table) for item in cell]
    if isinstance(cell, Mapping):
        return {key: _plain(item, label, table) for key, item in cell.items()}
    if isinstance(cell, float) and cell != cell:  # JSON has no NaN
        return None
    return cell if cell is None or isinstance(cell, str | int | float) else str(cell)

"""Parquet and Arrow files: columns with types."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from torso.tables.formats.file_format import Content, FileFormat
from torso.tables.formats.text_settings import TextSettings

__all__ = ["Arrow", "Parquet", "whole"]


class Parquet(FileFormat):
    """Parquet; the index that pandas writes is left out."""

    packs: ClassVar[bool] = False
    in_text: ClassVar[bool] = False

    def read(self, path: Path, settings: TextSettings) -> Content:  # noqa: ARG002
        """Return the table."""
        from pyarrow import parquet

        with parquet.ParquetFile(path) as file:
            table = whole(file.read())
        index = [name for name in table.column_names if name.startswith("__index_level_")]
        return Content(table.drop_columns(index) if index else table)

    def write(self, data: pa.Table, path: Path, name: str, *, packed: bool) -> None:  # noqa: ARG002
        """Write `data`."""
        from pyarrow import parquet

        parquet.write_table(data, path)


class Arrow(FileFormat):
    """Arrow IPC: the file format is written, the stream format is read, too."""

    packs: ClassVar[bool] = False
    in_text: ClassVar[bool] = False

    def read(self, path: Path, settings: TextSettings) -> Content:  # noqa: ARG002
        """Return the table."""
        with pa.OSFile(str(path)) as file:
            try:
                table = pa.ipc.open_file(file).read_all()
            except pa.ArrowInvalid:
                file.seek(0)
                table = pa.ipc.open_stream(file).read_all()
        return Content(whole(table))

    def write(self, data: pa.Table, path: Path, name: str, *, packed: bool) -> None:  # noqa: ARG002
        """Write `data`."""
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, data.schema) as writer:
            writer.write_table(data)


def whole(table: pa.Table) -> pa.Table:
    """Return `table` once every offset, index and text in it is checked: Arrow itself reads wherever they point.

    Raises:
        pa.ArrowInvalid: one points outside, or is no UTF-8.
    """
    try:
        for field in table.schema:
            _names(field)
        table.validate(full=True)
    except UnicodeDecodeError as error:
        raise pa.ArrowInvalid(f"the name of a column is no UTF-8: {error}") from error
    return table


def _names(field: pa.Field) -> list[str]:
    """Return the names of a field and of those within it."""
    inner = [field.type.field(place) for place in range(field.type.num_fields)]
    return [field.name, *(name for part in inner for name in _names(part))]

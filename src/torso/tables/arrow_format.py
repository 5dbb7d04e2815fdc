"""Parquet and Arrow files: columns with types."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from torso.tables.file_format import Content, FileFormat
from torso.tables.text_settings import TextSettings

__all__ = ["Arrow", "Parquet"]


class Parquet(FileFormat):
    """Parquet; the index that pandas writes is left out."""

    packs: ClassVar[bool] = False

    def read(self, path: Path, settings: TextSettings) -> Content:  # noqa: ARG002
        """Return the table."""
        from pyarrow import parquet

        with parquet.ParquetFile(path) as file:
            table = file.read()
        index = [name for name in table.column_names if name.startswith("__index_level_")]
        return Content(table.drop_columns(index) if index else table)

    def write(self, data: pa.Table, path: Path, name: str, *, packed: bool) -> None:  # noqa: ARG002
        """Write `data`."""
        from pyarrow import parquet

        parquet.write_table(data, path)


class Arrow(FileFormat):
    """Arrow IPC: the file format is written, the stream format is read, too."""

    packs: ClassVar[bool] = False

    def read(self, path: Path, settings: TextSettings) -> Content:  # noqa: ARG002
        """Return the table."""
        with pa.OSFile(str(path)) as file:
            with suppress(pa.ArrowInvalid):
                return Content(pa.ipc.open_file(file).read_all())
            file.seek(0)
            return Content(pa.ipc.open_stream(file).read_all())

    def write(self, data: pa.Table, path: Path, name: str, *, packed: bool) -> None:  # noqa: ARG002
        """Write `data`."""
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, data.schema) as writer:
            writer.write_table(data)

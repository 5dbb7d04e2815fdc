"""From a path to a stream, for tables that are large enough to need one."""

from __future__ import annotations

import zlib
from pathlib import Path

import pyarrow as pa

from torso.core.errors import TorsoError
from torso.tables.formats.folder_format import is_parquet_folder
from torso.tables.formats.text_settings import TextSettings
from torso.tables.streams.csv_stream import CsvStream
from torso.tables.streams.json_stream import JsonStream
from torso.tables.streams.row_stream import NeedsWholeError, RowStream
from torso.tables.streams.typed_streams import ArrowStream, FolderStream, ParquetStream

__all__ = ["is_large", "open_stream"]

_LARGE_BYTES = 1 << 26
"""Bytes of a file above which a table is large."""
_LARGE_ROWS = 1_000_000
_PACKED = 4  # times that packed bytes count
_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def is_large(path: Path) -> bool:
    """Return whether a table should come in pieces; cheap, and false where nobody knows yet."""
    try:
        if is_parquet_folder(path):
            return FolderStream(path).rows >= _LARGE_ROWS
        if not path.is_file():
            return False
        if path.suffix.lower() in (".parquet", ".pq"):
            return ParquetStream(path).rows >= _LARGE_ROWS or _bytes(path) >= _LARGE_BYTES
        return _bytes(path) >= _LARGE_BYTES
    except (OSError, pa.ArrowException, TorsoError, NeedsWholeError):
        return False  # whoever reads it says why


def open_stream(path: Path, settings: TextSettings) -> RowStream:
    """Return a table as a stream.

    Args:
        path: of the table: a file, or a folder of Parquet files.
        settings: of a text file, as far as the user says so.

    Raises:
        NeedsWholeError: it has to be read as a whole; the message says why.
        DataError: a quote takes in other rows.
    """
    if is_parquet_folder(path):
        return _some(FolderStream(path))
    packed = path.suffix.lower() == ".gz"
    suffix = (Path(path.stem) if packed else path).suffix.lower()
    try:
        if suffix in _SEPARATORS:
            return _some(CsvStream(path, _SEPARATORS[suffix], settings))
        if suffix in (".jsonl", ".ndjson"):
            return _some(JsonStream(path, settings))
        if suffix in (".parquet", ".pq") and not packed:
            return _some(ParquetStream(path))
        if suffix in (".arrow", ".feather", ".ipc") and not packed:
            return _some(ArrowStream(path))
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, pa.ArrowException) as error:
        raise NeedsWholeError("damage") from error
    raise NeedsWholeError(f"its format {suffix or path.name!r}")


def _some(stream: RowStream) -> RowStream:
    """Refuse tables of no row or one, which may mean something else."""
    if stream.rows <= 1:
        raise NeedsWholeError("its few rows")
    return stream


def _bytes(path: Path) -> int:
    return path.stat().st_size * (_PACKED if path.suffix.lower() in (".gz", ".zip") else 1)

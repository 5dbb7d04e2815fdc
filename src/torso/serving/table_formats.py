"""Formats of tables over HTTP: their media types, and answers written piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa

from torso.serving.refusals import Refusal

__all__ = ["TableFormat", "TableWriter", "format_of"]


@dataclass(frozen=True)
class TableFormat:
    """A format of tables.

    Attributes:
        suffix: of its files.
        media: its media type.
        packed: its content is unpacked when it is read.
    """

    suffix: str
    media: str
    packed: bool = False


_FORMATS = (
    TableFormat(".csv", "text/csv"),
    TableFormat(".tsv", "text/tab-separated-values"),
    TableFormat(".ndjson", "application/x-ndjson"),
    TableFormat(".parquet", "application/vnd.apache.parquet", packed=True),
    TableFormat(".arrow", "application/vnd.apache.arrow.file", packed=True),
    TableFormat(".arrows", "application/vnd.apache.arrow.stream", packed=True),
)
_OTHER_SUFFIXES = {".jsonl": ".ndjson", ".pq": ".parquet", ".feather": ".arrow", ".ipc": ".arrow"}


def format_of(media: str, name: str = "") -> TableFormat:
    """Return the format of a media type, or of a file's name.

    Raises:
        Refusal: it is none that is read.
    """
    suffix = Path(name).suffix.lower()
    suffix = _OTHER_SUFFIXES.get(suffix, suffix)
    for own in _FORMATS:
        if own.media == media or (suffix and own.suffix == suffix):
            return own
    raise Refusal(
        "unsupported_media_type",
        f"Content-Type {media[:80]!r} is no table that is read here.",
        cure=f"Send one of {', '.join(own.media for own in _FORMATS)}.",
    )


class TableWriter:
    """Writes answers in a format, piece by piece, as one file.

    Args:
        own: the format.
        stream: to write to.
    """

    def __init__(self, own: TableFormat, stream: IO[bytes]) -> None:
        self._format, self._stream = own, stream
        self._writer: object = None
        self._first = True

    def write(self, piece: pa.Table) -> None:
        """Write a piece; all pieces have the columns of the first."""
        by_suffix: dict[str, Callable[[pa.Table], None]] = {
            ".csv": self._text,
            ".tsv": self._text,
            ".ndjson": self._text,
            ".parquet": self._parquet,
        }
        by_suffix.get(self._format.suffix, self._arrow)(piece)
        self._first = False

    def close(self) -> None:
        """Write the end."""
        with suppress(AttributeError):
            self._writer.close()  # type: ignore[attr-defined]  # text has no writer

    def _text(self, piece: pa.Table) -> None:
        from torso.tables.formats.csv_format import SeparatedText
        from torso.tables.formats.json_format import JsonLines

        suffix = self._format.suffix
        if suffix == ".ndjson":
            self._stream.write(_written(JsonLines(suffix).write, piece))
            return
        text = SeparatedText(suffix, separator="," if suffix == ".csv" else "\t")
        content = _written(text.write, piece)
        header = _written(text.write, piece.slice(0, 0))
        self._stream.write(content if self._first else content.removeprefix(header))

    def _parquet(self, piece: pa.Table) -> None:
        from pyarrow import parquet

        if self._writer is None:
            self._writer = parquet.ParquetWriter(self._stream, piece.schema)
        self._writer.write_table(piece)  # type: ignore[attr-defined]

    def _arrow(self, piece: pa.Table) -> None:
        if self._writer is None:
            streamed = self._format.suffix == ".arrows"
            begin = pa.ipc.new_stream if streamed else pa.ipc.new_file
            self._writer = begin(self._stream, piece.schema)
        self._writer.write_table(piece)  # type: ignore[attr-defined]


def _written(write: Callable[..., None], piece: pa.Table) -> bytes:
    """Return the bytes that a format of files writes."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "piece"
        write(piece, path, "answers", packed=False)
        return path.read_bytes()

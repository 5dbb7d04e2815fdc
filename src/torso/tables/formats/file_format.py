"""The contract of a format of table files, and how such files are opened."""

from __future__ import annotations

import gzip
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import IO, ClassVar, Literal

import pyarrow as pa

from torso.core.errors import DataError
from torso.tables.formats.text_settings import TextSettings

__all__ = ["Content", "FileFormat", "Row", "first_line", "no_bytes", "open_buffer", "open_text"]

Row = dict[str, object]
"""A row of a table as JSON writes it: the name of a column -> its cell."""


@dataclass(frozen=True)
class Content:
    """Rows of a file.

    Attributes:
        data: the table, or its rows.
        notes: sentences about how the file was read, where that is not the usual.
        encoding: of its text, if only the text tells it.
    """

    data: pa.Table | list[Row]
    notes: tuple[str, ...] = ()
    encoding: str | None = None


class FileFormat(ABC):
    """A format of table files.

    Attributes:
        suffixes: endings of its files, in small letters.
        packs: its files may also end in `.gz`.
        typed: its cells have types; otherwise all cells are text, and some mean numbers.
        in_text: its files are text, which holds no bytes.
    """

    packs: ClassVar[bool] = True
    typed: ClassVar[bool] = True
    in_text: ClassVar[bool] = True

    def __init__(self, *suffixes: str) -> None:
        self.suffixes = suffixes

    @abstractmethod
    def read(self, path: Path, settings: TextSettings) -> Content:
        """Return the table, or its rows, and how they were read.

        Args:
            path: of the file.
            settings: of text files; others have no use for them.

        Raises:
            DataError: the file is not of this format; the message names the row.
            OSError, EOFError, zlib.error, pyarrow.ArrowException: the file is damaged.
        """

    @abstractmethod
    def write(self, data: pa.Table, path: Path, name: str, *, packed: bool) -> None:
        """Write `data` to `path`.

        Args:
            data: the table.
            path: where to.
            name: of the file as messages call it.
            packed: compress it with gzip.
        """


def no_bytes(table: str, column: str) -> DataError:
    """Return the error of a column of bytes in a format of text."""
    return DataError(
        f"{table}: column {column!r} holds bytes, which text cannot. Write Parquet instead."
    )


def open_buffer(path: Path) -> pa.Buffer:
    """Return the bytes of a file, unpacked."""
    if path.suffix.lower() == ".gz":
        with gzip.open(path, "rb") as file:
            return pa.py_buffer(file.read())
    # Not mapped: a file that is cut meanwhile would end the process. Not in Arrow's pool, which keeps what is freed.
    return pa.py_buffer(path.read_bytes())


def open_text(
    path: Path, mode: Literal["rt", "wt"] = "rt", *, packed: bool | None = None
) -> IO[str]:
    """Open a file of text, unpacked; `packed` where its name does not tell."""
    packed = path.suffix.lower() == ".gz" if packed is None else packed
    encoding = "utf-8-sig" if mode == "rt" else "utf-8"  # Excel begins UTF-8 with a signature
    if packed:
        return gzip.open(path, mode, encoding=encoding, newline="")
    return path.open(mode, encoding=encoding, newline="")


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, with a full stop."""
    return f"{str(error).splitlines()[0][:200] if str(error) else type(error).__name__}."

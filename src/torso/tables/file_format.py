"""The contract of a format of table files, and how such files are opened."""

from __future__ import annotations

import gzip
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO, ClassVar, Literal, cast

import pyarrow as pa

from torso.core.errors import DataError

__all__ = ["FileFormat", "Row", "first_line", "not_utf8", "open_bytes", "open_text"]

Row = dict[str, object]
"""A row of a table as JSON writes it: the name of a column -> its cell."""


class FileFormat(ABC):
    """A format of table files.

    Attributes:
        suffixes: endings of its files, in small letters.
        packs: its files may also end in `.gz`.
        typed: its cells have types; otherwise all cells are text, and some mean numbers.
    """

    packs: ClassVar[bool] = True
    typed: ClassVar[bool] = True

    def __init__(self, *suffixes: str) -> None:
        self.suffixes = suffixes

    @abstractmethod
    def read(self, path: Path) -> pa.Table | list[Row]:
        """Return the table, or its rows.

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


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file of bytes, unpacked."""
    if path.suffix.lower() == ".gz":
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")


def open_text(
    path: Path, mode: Literal["rt", "wt"] = "rt", *, packed: bool | None = None
) -> IO[str]:
    """Open a file of text, unpacked; `packed` where its name does not tell."""
    packed = path.suffix.lower() == ".gz" if packed is None else packed
    encoding = "utf-8-sig" if mode == "rt" else "utf-8"  # Excel begins UTF-8 with a signature
    if packed:
        return gzip.open(path, mode, encoding=encoding, newline="")
    return path.open(mode, encoding=encoding, newline="")


def not_utf8(path: Path) -> DataError:
    """Return the error for a text file in another encoding, with the command that converts it."""
    with open_bytes(path) as file:
        start = file.read(2)
    if start in (b"\xff\xfe", b"\xfe\xff"):
        problem, charset = "it is UTF-16", "UTF-16"
    else:
        problem, charset = f"line {_first_bad_line(path)} holds other bytes", "LATIN1"
    return DataError(
        f"{path.name} is not UTF-8: {problem}. Convert it first, for example: "
        f"iconv -f {charset} -t UTF-8 {path.name} > utf8-{path.name}"
    )


def _first_bad_line(path: Path) -> int:
    with open_bytes(path) as file:
        for line_number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return line_number
    return 1


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, with a full stop."""
    return f"{str(error).splitlines()[0][:200] if str(error) else type(error).__name__}."

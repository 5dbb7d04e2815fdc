"""Zips that hold a table, with its files or alone, and zips of files."""

from __future__ import annotations

import lzma
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from torso.core.errors import DataError

__all__ = ["DAMAGED", "files_in_zip", "is_zip", "named_root", "only_table", "unzipped"]

DAMAGED = (
    *(OSError, EOFError, ArithmeticError, LookupError, RuntimeError, ValueError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
)
"""Errors of the readers of a damaged zip: unknown methods, broken streams, names in no encoding."""


def is_zip(path: Path) -> bool:
    """Return whether a file is called a zip."""
    return path.suffix.lower() == ".zip"


def files_in_zip(path: Path) -> list[str]:
    """Return the names of a zip's files in order, without hidden ones and those that archivers add.

    Raises:
        DataError: it is no zip, or damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [member.filename for member in archive.infolist() if not member.is_dir()]
    except DAMAGED as error:
        raise DataError(f"{path.name} is damaged or not a zip: {error}.") from None
    return sorted(
        name
        for name in names
        if not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
    )


def only_table(path: Path, is_table: Callable[[Path], bool]) -> str:
    """Return the name of the table in a zip.

    Raises:
        DataError: the zip holds none, or several.
    """
    files = files_in_zip(path)
    tables = [name for name in files if is_table(Path(name))]
    if len(tables) == 1:
        return tables[0]
    if tables:
        raise DataError(
            f"{path.name} holds {len(tables)} tables, such as {tables[0]!r} and {tables[1]!r}. Unpack it and name one, with "
            f"--root {path} for its other files."
        )
    raise DataError(
        f"{path.name} holds no table among its {len(files)} files. Give a table that names them, with --root {path}."
    )


def named_root(folder: Path, root: str | Path) -> Path:
    """Return a folder or zip as named: relative to the folder of a table or of its zip, or as it stands."""
    beside = (folder.parent if is_zip(folder) else folder) / root
    return beside if beside.exists() else Path(root)


@contextmanager
def unzipped(path: Path, name: str) -> Iterator[Path]:
    """Give a file of a zip as one on disk for as long as the block lasts."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / Path(name).name
        try:
            with (
                zipfile.ZipFile(path) as archive,
                archive.open(name) as source,
                out.open("wb") as target,
            ):
                shutil.copyfileobj(source, target)
        except DAMAGED as error:
            raise DataError(f"{path.name}: {name!r} cannot be unpacked: {error}.") from None
        yield out

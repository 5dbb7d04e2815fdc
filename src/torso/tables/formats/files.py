"""Table files: their formats, and errors for files of no known format.

Text formats carry no types, so a CSV is read as strings. Kinds of columns read the strings
(`torso.tables.numbers.numerals`), so that a cell means the same whatever else stands in the file.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from torso.core.errors import DataError
from torso.core.full_disk import room_for
from torso.tables.formats.arrow_format import Arrow, Parquet
from torso.tables.formats.csv_format import SeparatedText
from torso.tables.formats.file_format import Content, FileFormat, first_line, no_bytes
from torso.tables.formats.folder_format import is_parquet_folder, read_folder
from torso.tables.formats.json_format import Json, JsonLines
from torso.tables.formats.text_settings import TextSettings
from torso.tables.formats.zipped import is_zip, only_table, unzipped

__all__ = ["check_readable", "check_writable", "is_table", "read_file", "write_file"]

_FORMATS: tuple[FileFormat, ...] = (
    SeparatedText(".csv", separator=","),
    SeparatedText(".tsv", separator="\t"),
    JsonLines(".jsonl", ".ndjson"),
    Json(".json"),
    Parquet(".parquet", ".pq"),
    Arrow(".arrow", ".feather", ".ipc"),
)
_DAMAGED = (OSError, EOFError, UnicodeDecodeError, zlib.error, pa.ArrowException)


def read_file(path: Path, settings: TextSettings) -> tuple[Content, bool]:
    """Return the table or the rows in `path`, and whether its cells have types.

    Args:
        path: of the file.
        settings: of a text file, as far as the user says so.

    Raises:
        DataError: no such file, an unknown format, or an empty or damaged file.
    """
    file_format = check_readable(path)
    if is_zip(path):
        name = only_table(path, is_table)
        with unzipped(path, name) as file:
            content, typed = read_file(file, settings)
        return replace(content, notes=(f"{path.name}: read {name!r} in it.", *content.notes)), typed
    try:
        if file_format is None:
            return read_folder(path), True
        return file_format.read(path, settings), file_format.typed
    except _DAMAGED as error:
        suffix = _suffix_of(path)[0]
        raise DataError(
            f"{path.name} is damaged or not a {suffix} file: {first_line(error).rstrip('.')}."
        ) from error


def check_readable(path: Path) -> FileFormat | None:
    """Return the format of a table that is there, or of the table in a zip; None for a folder of Parquet files.

    Raises:
        DataError: no such file, an unknown format, an empty file, or a zip without one table.
    """
    if path.is_dir():
        if is_parquet_folder(path):
            return None
        raise DataError(
            f"{path} is a folder. Give the table inside it: a file ending in {_known_endings()}."
        )
    if not path.exists():
        raise DataError(f"{path}: file not found.{_nearby(path)}")
    file_format = _format_of(Path(only_table(path, is_table)) if is_zip(path) else path)
    if file_format is None:
        raise DataError(
            f"{path.name}: unknown kind of table {path.suffix!r}. Known: {_known_endings()}."
        )
    if path.stat().st_size == 0:
        raise DataError(f"{path.name} is empty.")
    return file_format


def check_writable(path: Path, in_bytes: Iterable[str] = ()) -> FileFormat:
    """Return the format that the extension of `path` names.

    Args:
        path: of a file to write.
        in_bytes: columns that will hold bytes.

    Raises:
        DataError: it names none, or one of text that is to hold bytes.
    """
    file_format = _format_of(path)
    if file_format is None:
        raise DataError(
            f"Cannot write {path.name}: unknown kind of table. Known: {_known_endings()}."
        )
    for column in in_bytes:
        if file_format.in_text:
            raise no_bytes(path.name, column)
    return file_format


def write_file(data: pa.Table, path: Path) -> None:
    """Write `data` in the format of the extension of `path`; the file appears whole or not at all."""
    file_format = check_writable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # A killed writer leaves no half table that looks whole.
    draft = path.with_name(f"{path.name}.half")
    try:
        with room_for(path, draft=draft):
            file_format.write(data, draft, path.name, packed=_suffix_of(path)[1])
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _format_of(path: Path) -> FileFormat | None:
    suffix, packed = _suffix_of(path)
    formats = (file_format for file_format in _FORMATS if suffix in file_format.suffixes)
    return next((file_format for file_format in formats if file_format.packs or not packed), None)


def is_table(path: Path) -> bool:
    """Return whether a file is called a table."""
    return _format_of(path) is not None


def _suffix_of(path: Path) -> tuple[str, bool]:
    """Return the extension in small letters without `.gz`, and whether there was a `.gz`."""
    packed = path.suffix.lower() == ".gz"
    return (Path(path.stem) if packed else path).suffix.lower(), packed


def _known_endings() -> str:
    plain = [suffix for file_format in _FORMATS for suffix in file_format.suffixes]
    packed = [
        f"{suffix}.gz"
        for file_format in _FORMATS
        if file_format.packs
        for suffix in file_format.suffixes
    ]
    return ", ".join((*plain, *packed))


def _nearby(path: Path) -> str:
    """Return a hint for a file that is not there: no such folder, or a file of nearly that name."""
    from difflib import get_close_matches

    if not path.parent.is_dir():
        return f" There is no folder {path.parent} either."
    near = get_close_matches(path.name, [sibling.name for sibling in path.parent.iterdir()], n=1)
    return f" Did you mean {str(path.with_name(near[0]))!r}?" if near else ""

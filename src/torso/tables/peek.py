"""Names of the columns of a table that is yet to be read, so that settings can be understood before a long reading."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa

from torso.core.errors import TorsoError
from torso.tables.databases import is_address, names_of_query
from torso.tables.formats.dialect import find_dialect
from torso.tables.formats.encoding import likely_encoding
from torso.tables.formats.files import is_table
from torso.tables.formats.folder_format import is_parquet_folder, parquet_folder
from torso.tables.formats.zipped import is_zip, only_table, unzipped

__all__ = ["column_names"]

_SAMPLE_BYTES = 1 << 16


def column_names(source: object) -> list[str]:
    """Return the names of a table's columns as far as its beginning tells; none if it does not.

    >>> column_names({"a.b": [1], "c": [2]})
    ['a.b', 'c']
    """
    if not isinstance(source, str | Path):
        return _in_memory(source)
    if isinstance(source, str) and is_address(source):
        return names_of_query(source)
    path = Path(source).expanduser()
    if not path.is_file() and not path.is_dir():  # a pipe can be read only once
        return []
    try:
        if path.is_dir():
            return list(parquet_folder(path)[0].names) if is_parquet_folder(path) else []
        if is_zip(path):
            with unzipped(path, only_table(path, is_table)) as file:
                return _in_file(file)
        return _in_file(path)
    except _UNREADABLE:
        return []  # whoever reads it says why


_UNREADABLE = (
    *(OSError, EOFError, ValueError, TypeError, LookupError, RecursionError, zlib.error),
    *(TorsoError, pa.ArrowException),
)


def _in_memory(source: object) -> list[str]:
    if isinstance(source, Mapping):
        return [str(name) for name in source]
    for attribute in ("column_names", "columns", "names"):  # Arrow; pandas and polars; a Table
        names = getattr(source, attribute, None)
        if isinstance(names, Iterable):
            return [str(name) for name in names]
    first = source[0] if isinstance(source, list | tuple) and source else None
    return [str(name) for name in first] if isinstance(first, Mapping) else []


def _in_file(path: Path) -> list[str]:
    suffix = path.with_suffix("").suffix if path.suffix.lower() == ".gz" else path.suffix
    suffix = suffix.lower()
    if suffix in (".parquet", ".pq"):
        from pyarrow import parquet

        return list(parquet.read_schema(path).names)
    if suffix in (".arrow", ".feather", ".ipc"):
        with pa.memory_map(str(path)) as file:
            return list(pa.ipc.open_file(file).schema.names)
    packed = path.suffix.lower() == ".gz"
    with gzip.open(path) if packed else path.open("rb") as file:
        head = file.read(_SAMPLE_BYTES)
    if suffix in (".jsonl", ".ndjson"):
        return list(json.loads(head.splitlines()[0]))
    if suffix not in (".csv", ".tsv"):
        return []
    lines = head[: head.rfind(b"\n") + 1] or head  # no sign is cut in two
    text = head.decode(likely_encoding(lines), "replace").lstrip("\ufeff")
    separator = "\t" if suffix == ".tsv" else ","
    dialect = find_dialect(text, separator, None, whole=len(head) < _SAMPLE_BYTES)
    return [name.strip() for name in dialect.header]

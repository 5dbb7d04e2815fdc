"""Formats of table files: their endings, packed or not, and what to say of a file that is none."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa

__all__ = [
    "ARROW",
    "JSON_LINES",
    "KNOWN",
    "PARQUET",
    "SEPARATORS",
    "TEXT",
    "UNREADABLE",
    "in_short",
    "known_formats",
    "nearby",
    "open_bytes",
    "open_text",
    "suffix_of",
]

SEPARATORS = {".csv": ",", ".tsv": "\t"}
JSON_LINES = (".jsonl", ".ndjson")
PARQUET = (".parquet", ".pq")
ARROW = (".arrow", ".feather", ".ipc")
KNOWN = (*SEPARATORS, *JSON_LINES, ".json", *PARQUET, *ARROW)
TEXT = (*SEPARATORS, *JSON_LINES, ".json")

UNREADABLE = (OSError, EOFError, zlib.error, pa.ArrowException)


def suffix_of(path: Path) -> tuple[str, bool]:
    """Return the extension in small letters without `.gz`, and whether there was a `.gz`."""
    packed = path.suffix.lower() == ".gz"
    return (Path(path.stem) if packed else path).suffix.lower(), packed


def open_bytes(path: Path) -> Any:
    """Open a file of bytes, unpacked."""
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")


def open_text(path: Path, mode: str = "rt", *, packed: bool | None = None) -> Any:
    """Open a file of text, unpacked; `packed` where its name does not tell."""
    packed = path.suffix.lower() == ".gz" if packed is None else packed
    encoding = "utf-8-sig" if mode == "rt" else "utf-8"
    opened = gzip.open if packed else open
    return opened(path, mode, encoding=encoding, newline="")


def known_formats() -> str:
    """Return the endings that can be read, for a message."""
    return ", ".join((*KNOWN, *(f"{suffix}.gz" for suffix in TEXT)))


def nearby(path: Path) -> str:
    """Return what to say of a file that is not there: its folder, or a file of nearly that name."""
    from difflib import get_close_matches

    if not path.parent.is_dir():
        return f" There is no folder {path.parent} either."
    near = get_close_matches(path.name, [p.name for p in path.parent.iterdir()], n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def in_short(error: Exception) -> str:
    """Return the first line of an error, with a full stop."""
    return f"{str(error).splitlines()[0][:200] if str(error) else type(error).__name__}."

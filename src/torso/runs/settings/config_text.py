"""The text of a config file, which should be UTF-8; for another encoding, the command that converts it."""

from __future__ import annotations

import shlex
from pathlib import Path

from torso.core.errors import ConfigError

__all__ = ["config_text"]

_NAMES = {"mac_roman": "MACINTOSH"}
"""Python's name of an encoding -> iconv's, where not the same in capitals with hyphens."""


def config_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        ConfigError: it cannot be read or is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        inner = path / "run.yaml"
        if inner.is_file():
            raise ConfigError(
                f"{str(path)!r} is a folder. Name the file in it: -c {shlex.quote(str(inner))}"
            ) from error
        raise ConfigError(f"Cannot read the config {str(path)!r}: {error.strerror}.") from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path} is not UTF-8 (line {line}). {_cure(path, content)}") from error


def _cure(path: Path, content: bytes) -> str:
    from torso.tables.formats.encoding import likely_encoding  # needs pyarrow: only when asked

    likely = likely_encoding(content)
    if likely == "utf-8":
        return "Its other bytes are: write the broken characters of that line anew."
    name = _NAMES.get(likely, likely.upper().replace("_", "-"))
    new = path.with_name(f"{path.stem}-utf8{path.suffix}")
    words = [shlex.quote(str(file)) for file in (path, new)]
    return f"Its bytes look like {name}. Save it as UTF-8: iconv -f {name} -t UTF-8 {words[0]} > {words[1]}"

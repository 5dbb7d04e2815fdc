"""Files that appear whole or not at all: written beside their place, then put there in one step.

So whoever is killed while writing leaves the old file or the new one.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torso.core.full_disk import room_for

__all__ = ["DRAFT", "Json", "finite", "json_text", "whole_file", "write_whole"]

Json = dict[str, Any]
"""An object of JSON."""

DRAFT = ".new"
"""Ending of a file that is not in its place yet."""


@contextmanager
def whole_file(path: Path, num_bytes: int | None = None) -> Iterator[Path]:
    """Yield the path of a draft beside `path`, and put it in place if the block ends well.

    Args:
        path: of the file.
        num_bytes: that it will have, for the message about a full disk; None if they are not known.

    Raises:
        DataError: the disk is full; the draft is removed.
    """
    draft = path.with_name(path.name + DRAFT)
    with room_for(path, num_bytes, draft):
        yield draft
        os.replace(draft, path)


def write_whole(path: Path, text: str) -> None:
    """Write a text as UTF-8; lone surrogates, which it cannot hold, are replaced."""
    content = text.encode("utf-8", "replace")
    with whole_file(path, len(content)) as draft:
        draft.write_bytes(content)


def finite(value: object) -> object:
    """Return `value` as JSON can hold it: null for NaN and infinity, lists and numbers for those of NumPy.

    >>> finite({"loss": [0.5, float("nan")]})
    {'loss': [0.5, None]}
    """
    if not isinstance(value, float) and hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_text(value: object, indent: int | None = None) -> str:
    """Return `value` as JSON that UTF-8 can hold, with null for NaN and infinity."""
    text = json.dumps(finite(value), indent=indent, ensure_ascii=False, allow_nan=False)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:  # lone surrogates, which JSON can escape
        return json.dumps(finite(value), indent=indent)
    return text

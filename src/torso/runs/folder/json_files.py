"""JSON files of a run's folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torso.core.errors import RunError, nearest
from torso.core.whole_files import json_text, write_whole

__all__ = ["DAMAGED", "Json", "read_json", "write_json"]

Json = dict[str, Any]
"""An object of JSON."""

DAMAGED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""Errors of values in JSON that are not what was written."""


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write JSON values; NaN and infinity become null."""
    write_whole(path, json_text(content, indent=1) + "\n")


def read_json(path: Path) -> Json:
    """Return the object in one of a run's files.

    Raises:
        RunError: the folder is no run, or the file is damaged.
    """
    run = path.parent
    if run.suffix.lower() == ".onnx":
        raise RunError(
            f"{str(run)!r} is an exported model, which answers tables and does nothing else: torso predict {run} TABLE -o "
            "answers.csv. Give the folder of the run that it was made of."
        )
    if run.is_file():
        raise RunError(f"{str(run)!r} is a file. Give the folder of the run: {str(run.parent)!r}")
    if not run.is_dir():
        there = run.parent.iterdir() if run.parent.is_dir() else ()
        near = nearest(run.name, [entry.name for entry in there if entry.is_dir()])
        hint = f" Did you mean {str(run.with_name(near))!r}?" if near else ""
        raise RunError(f"There is no run in {str(run)!r}: the folder does not exist.{hint}")
    try:
        content: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(
            f"{str(path.parent)!r} is not a finished run: {path.name} is absent. Give the folder that `torso fit -o` "
            "wrote."
        ) from None
    except (ValueError, RecursionError) as error:  # no JSON, no UTF-8, numbers of 5,000 digits
        raise RunError(f"{path} is damaged: {error}.") from None
    if not isinstance(content, dict):
        raise RunError(f"{path} is damaged: it should hold an object, found {content!r:.60}.")
    return content

"""The file that an export writes: its format by its ending, and whether it may be written."""

from __future__ import annotations

import os
from pathlib import Path

from torso.core.errors import ConfigError

__all__ = ["ENDINGS", "check_place"]

ENDINGS = (".onnx", ".pt2", ".safetensors")


def check_place(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a file that cannot be written, or that is there, before any work.

    Raises:
        ConfigError: says which, and the cure.
    """
    if path.suffix not in ENDINGS:
        raise ConfigError(f"`out` should end with {', '.join(ENDINGS)}. Found {str(path)!r}.")
    if path.is_dir():
        raise ConfigError(f"`out` {str(path)!r} is a folder. Name a file.")
    own = [path, path.with_suffix(".json")] if path.suffix == ".onnx" else [path]
    there = [str(each) for each in own if each.exists()]
    if there and not overwrite:
        raise ConfigError(
            f"{there[0]!r} exists. Name another file, or replace it: --overwrite (overwrite=True)."
        )
    folder = path.parent
    if not folder.is_dir():
        raise ConfigError(
            f"`out` {str(path)!r} lies in a folder that does not exist. Make {str(folder)!r} first."
        )
    if not os.access(folder, os.W_OK):
        raise ConfigError(
            f"`out` {str(path)!r} cannot be written: no permission in {str(folder)!r}."
        )

"""The files below a folder or in a zip, in an order that does not depend on the disk."""

from __future__ import annotations

import os
from pathlib import Path

from torso.tables.formats.zipped import files_in_zip

__all__ = ["files_below"]


def files_below(folder: Path) -> list[str]:
    """Return the files below `folder` or in a zip, without hidden ones and those whose paths are not UTF-8."""
    if not folder.is_dir():
        return files_in_zip(folder)
    files = []
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = os.path.relpath(where, folder)
        files += [
            os.path.normpath(os.path.join(inside, name))
            for name in sorted(names)
            if not name.startswith(".") and _is_utf8(os.path.join(inside, name))
        ]
    return files


def _is_utf8(name: str) -> bool:
    return name == name.encode(errors="replace").decode()

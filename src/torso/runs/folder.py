"""The folder of a run: what may be written into it, what is cleared away, its JSON files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from torso.core.errors import RunError

__all__ = ["check_folder", "clear_folder", "read_json", "remove_folder", "write_json"]


def check_folder(folder: Path | None, *, resume: bool, overwrite: bool) -> None:
    """Refuse a folder whose run would be lost, or that has nothing to resume.

    Raises:
        RunError: it holds a finished or an interrupted run and nobody said `overwrite` or `resume`, or no
            interrupted one to resume.
    """
    if folder is None:
        return
    begun = (folder / "checkpoint").exists()
    finished = (folder / "model.safetensors").exists() and not begun
    if resume and finished:
        raise RunError(f"The run in {str(folder)!r} is finished: there is nothing to resume.")
    if resume and not (folder / "run.yaml").exists():
        raise RunError(f"{str(folder)!r} holds no interrupted run: there is nothing to resume.")
    if finished and not overwrite:
        raise RunError(
            f"{str(folder)!r} holds a finished run. Choose another folder, or say overwrite "
            "(--overwrite, overwrite=True)."
        )
    if begun and not (resume or overwrite):
        raise RunError(
            f"{str(folder)!r} holds an interrupted run. Go on with it (--resume, resume=True), choose another "
            "folder, or say overwrite (--overwrite, overwrite=True)."
        )
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{str(folder)!r} is a file. Choose a folder for the run.")


def clear_folder(folder: Path) -> None:
    """Take away what an earlier run left, so that a kill leaves no weights beside another's config."""
    remove_folder(folder / "search")
    (folder / "model.safetensors").unlink(missing_ok=True)
    remove_folder(folder / "checkpoint")


def remove_folder(folder: Path) -> None:
    """Delete a folder, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)


def write_json(path: Path, content: Any) -> None:
    """Write JSON values; NaN is refused."""
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in one of a run's files.

    Raises:
        RunError: the folder is no run, or the file is damaged.
    """
    if not path.parent.is_dir():
        raise RunError(f"There is no run in {str(path.parent)!r}: the folder does not exist.")
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(
            f"{str(path.parent)!r} is no finished run: {path.name} is absent. Give the folder that `torso fit -o` "
            "wrote."
        ) from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{path} is damaged: {error}.") from None
    if not isinstance(content, dict):
        raise RunError(f"{path} is damaged: it should hold an object, found {content!r:.60}.")
    return content

"""The folder of a run: what may be written into it, and what is cleared away."""

from __future__ import annotations

import shutil
from pathlib import Path

from torso.errors import RunError

__all__ = ["check_folder", "clear_folder", "remove_folder"]


def check_folder(folder: Path | None, *, resume: bool, overwrite: bool) -> None:
    """Refuse a folder whose run would be lost, or that has nothing to resume.

    Raises:
        RunError: it holds a finished or an interrupted run and nobody said `overwrite` or `resume`.
    """
    if folder is None:
        return
    begun = (folder / "checkpoint").exists()
    finished = (folder / "model.safetensors").exists() and not begun
    if resume and finished:
        raise RunError(f"The run in {str(folder)!r} is finished: there is nothing to resume.")
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
    (folder / "model.safetensors").unlink(missing_ok=True)
    remove_folder(folder / "checkpoint")


def remove_folder(folder: Path) -> None:
    """Delete a folder, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)

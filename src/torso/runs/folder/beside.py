"""Runs that lie beside a run in its folder: those of further seeds, and its baselines."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from torso.runs.folder.stage import (
    OWN_FILES,
    Stage,
    clear_results,
    clear_search,
    stage_of,
)
from torso.runs.folder.study_files import clear_studies
from torso.training.checkpoint import Checkpoint

__all__ = ["BASELINES", "SEEDS", "clear_beside"]

SEEDS, BASELINES = "seeds", "baselines"


def clear_beside(folder: Path) -> None:
    """Delete the runs beside a run that is no more; whatever else lies there stays."""
    for place in (folder / SEEDS, folder / BASELINES):
        if place.is_symlink() or not place.is_dir():
            continue
        for run in [*place.iterdir()]:
            if run.is_dir() and not run.is_symlink():
                _clear(run)
        with suppress(OSError):
            place.rmdir()


def _clear(run: Path) -> None:
    checkpoint = Checkpoint(run / "checkpoint")
    if stage_of(run, checkpoint) in (Stage.EMPTY, Stage.FOREIGN):
        return
    checkpoint.clear()
    clear_results(run)
    clear_search(run)
    clear_studies(run)
    for name in OWN_FILES:
        (run / name).unlink(missing_ok=True)
    with suppress(OSError):
        run.rmdir()

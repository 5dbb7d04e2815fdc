"""The stage of a run in a folder, and which files of the folder are ours to delete.

`torso.json` tells, and is written last: a folder that was left half written never counts as a finished run. Whatever
Torso did not write is never deleted, and a folder that holds no run of its own is never used.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from torso._version import __version__
from torso.core.errors import RunError
from torso.core.whole_files import DRAFT, json_text, write_whole
from torso.runs.folder.digests import check_digests, digests_of

if TYPE_CHECKING:  # it imports torch, and a slip is answered before
    from torso.training.checkpoint import Checkpoint

__all__ = [
    "OWN_FILES",
    "Stage",
    "check_place",
    "check_unfinished",
    "check_written",
    "clear_results",
    "clear_search",
    "holds_interrupted",
    "mark",
    "marked_stage",
    "stage_of",
    "unmake",
]

_MARKER = "torso.json"
_BEGUN = ("log.jsonl", "run.yaml", _MARKER)
"""Files of a run before its first epoch has ended."""
_RESULTS = (
    *("model.safetensors", "schema.json", "vocabulary.json", "statistics.json", "metrics.json"),
    *("skipped.jsonl", "split.parquet", "plain.json", "plain.safetensors", "decisions.json"),
    "MODEL_CARD.md",
    "held_out.parquet",
    "examples.parquet",
)
OWN_FILES = (*_BEGUN, *_RESULTS)
"""Files of a run, beside its folders."""
_INDEX = ("about.json", "vectors.safetensors", "graph.safetensors", "graph.usearch")
_FEW = 3


class Stage(StrEnum):
    """The stage that the run in a folder has reached."""

    EMPTY = "empty"
    FOREIGN = "foreign"
    UNDER_WAY = "under way"
    """Training, killed while it trained, or killed while its files were written."""
    RESUMABLE = "resumable"
    """Whole, and its training can go on."""
    FINISHED = "finished"


_MARKED = (Stage.UNDER_WAY, Stage.RESUMABLE, Stage.FINISHED)


def stage_of(folder: Path, checkpoint: Checkpoint) -> Stage:
    """Return how far the run in a folder has come; the folder may be absent."""
    names = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    if names <= {_MARKER + DRAFT}:
        return Stage.EMPTY
    if _MARKER in names:
        return marked_stage(folder) or Stage.FOREIGN
    return _unmarked(folder, names, checkpoint)


def _unmarked(folder: Path, names: set[str], checkpoint: Checkpoint) -> Stage:
    """Return the stage of a run that an earlier version wrote, which left no marker."""
    schema = _object(folder / "schema.json")
    written = {"format", "torso", "inputs", "targets"} <= schema.keys()
    begun = checkpoint.exists and {"log.jsonl", "run.yaml"} <= names
    if "run.yaml" not in names or not (written or (begun and checkpoint.is_torso)):
        return Stage.FOREIGN
    if not written or "model.safetensors" not in names:
        return Stage.UNDER_WAY
    return Stage.RESUMABLE if begun else Stage.FINISHED


def mark(folder: Path, stage: Stage) -> None:
    """Write how far the run has come, and of a whole one the digests of its files."""
    about: dict[str, object] = {"torso": __version__, "state": str(stage)}
    if stage in (Stage.RESUMABLE, Stage.FINISHED):
        about["digests"] = digests_of(folder)
    write_whole(folder / _MARKER, json_text(about, indent=1) + "\n")


def check_place(folder: Path, stage: Stage, checkpoint: Checkpoint) -> None:
    """Refuse a place that is none for a run.

    Raises:
        RunError: a file, a link that leads nowhere, the home directory, or a folder with files that are no run's.
    """
    name = repr(str(folder))
    if folder.is_symlink() and not folder.exists():
        raise RunError(f"{name} is a link that leads nowhere. Choose a folder for the run.")
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise RunError(f"{str(there)!r} is a file. Choose a folder for the run.")
    if folder.resolve() in _never():
        raise RunError(f"{name} is your home directory or the root. Choose a folder for the run.")
    if stage is Stage.FOREIGN:
        held = sorted(entry.name for entry in folder.iterdir())
        more = f" and {len(held) - _FEW} more" if len(held) > _FEW else ""
        raise RunError(
            f"{name} is no run, and not empty: it holds {', '.join(map(repr, held[:_FEW]))}{more}. Choose an empty or "
            "a new folder."
        )
    if checkpoint.in_the_way:
        raise RunError(f"{checkpoint.in_the_way[0]} lies where the checkpoint will. Move it away.")


def check_unfinished(folder: Path, stage: Stage) -> None:
    """Refuse a folder whose run would be lost.

    Raises:
        RunError: it holds a finished run.
    """
    if stage in (Stage.RESUMABLE, Stage.FINISHED):
        raise RunError(
            f"{str(folder)!r} holds a finished run. Choose another folder, or say overwrite "
            "(--overwrite, overwrite=True)."
        )


def holds_interrupted(folder: Path) -> RunError:
    """Return the error for a folder whose run can go on, where nobody said so."""
    return RunError(
        f"{str(folder)!r} holds an interrupted run. Go on with it (--resume, resume=True), choose another folder, or say "
        "overwrite (--overwrite, overwrite=True)."
    )


def marked_stage(folder: Path) -> Stage | None:
    """Return the stage that the marker in a folder tells; None where there is none."""
    about = _object(folder / _MARKER)
    known = {str(stage): stage for stage in _MARKED}
    return known.get(str(about.get("state"))) if "torso" in about else None


def check_written(folder: Path) -> None:
    """Refuse a run with a file that is not as it was written.

    Raises:
        RunError: it is not.
    """
    noted = _object(folder / _MARKER).get("digests")
    check_digests(folder, noted if isinstance(noted, dict) else {})


def _never() -> set[Path]:
    """Return folders that are never a run's, even if they are empty."""
    folders = {Path(Path.cwd().anchor)}
    with suppress(RuntimeError):  # a user without a home
        folders.add(Path.home().resolve())
    return folders


# --- deleting


def clear_results(folder: Path) -> None:
    """Delete the files of a finished run, and drafts that a kill left."""
    for name in _RESULTS:
        (folder / name).unlink(missing_ok=True)
    for name in OWN_FILES:
        (folder / (name + DRAFT)).unlink(missing_ok=True)


def clear_search(folder: Path) -> None:
    """Delete the vectors of searches, whose weights are no more; whatever else lies there stays."""
    search = folder / "search"
    if search.is_symlink() or not search.is_dir():
        return
    for index in [*search.iterdir()]:
        if re.fullmatch("[0-9a-f]{16}", index.name) and index.is_dir() and not index.is_symlink():
            for name in _INDEX:
                (index / name).unlink(missing_ok=True)
                (index / (name + DRAFT)).unlink(missing_ok=True)
            with suppress(OSError):
                index.rmdir()
    with suppress(OSError):
        search.rmdir()


def unmake(folders: list[Path], folder: Path) -> None:
    """Delete a run that learnt nothing, and `folders`, which were made for it, as far as they are empty."""
    begun = {*_BEGUN, *(name + DRAFT for name in _BEGUN)}
    if folder.is_dir() and {entry.name for entry in folder.iterdir()} <= begun:
        for name in begun:
            (folder / name).unlink(missing_ok=True)
        with suppress(OSError):  # somebody else uses it by now
            for made in folders:
                made.rmdir()


def _object(file: Path) -> dict[str, object]:
    """Return the JSON object in a file; empty if there is none."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}

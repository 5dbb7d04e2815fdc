"""Results of studies in a run's folder: `studies/NAME.json`, each with Torso's version and the command that made it."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from torso._version import __version__
from torso.core.errors import RunError
from torso.core.whole_files import DRAFT
from torso.runs.folder.json_files import Json, read_json, write_json

__all__ = ["STUDIES", "clear_studies", "read_studies", "write_study"]

STUDIES = "studies"
_NAME = re.compile("[a-z][a-z0-9_]*")


def write_study(folder: Path, name: str, result: Mapping[str, object], command: str = "") -> Path:
    """Write the result of a study over an earlier one of the same name, and return the file.

    Args:
        folder: of a run.
        name: of the study, such as `importance`.
        result: JSON values.
        command: that made it; by default that of the command line.
    """
    assert _NAME.fullmatch(name), name
    places = folder / STUDIES
    places.mkdir(exist_ok=True)
    about = {"torso": __version__, "command": command or _command(), "result": result}
    write_json(file := places / f"{name}.json", about)
    return file


def read_studies(folder: Path, damaged: list[str] | None = None) -> dict[str, Json]:
    """Return study -> `torso` (version), `command` and `result`.

    Args:
        folder: of a run.
        damaged: takes a sentence for each damaged file, which is passed over; None: it is refused.

    Raises:
        RunError: a file is damaged, and `damaged` is None.
    """
    studies = {}
    for file in sorted((folder / STUDIES).glob("*.json")):
        try:
            studies[file.stem] = _read(file)
        except RunError as error:
            if damaged is None:
                raise
            damaged.append(f"{error} The study is passed over. Make it again, or delete the file.")
    return studies


def _read(file: Path) -> Json:
    saved = read_json(file)
    if not {"torso", "command", "result"} <= saved.keys() or not isinstance(saved["result"], dict):
        raise RunError(f"{file} is damaged: it lacks `torso`, `command` or `result`.")
    return saved


def clear_studies(folder: Path) -> None:
    """Delete the studies of a run that is no more; whatever else lies there stays."""
    places = folder / STUDIES
    if places.is_symlink() or not places.is_dir():
        return
    for file in [*places.iterdir()]:
        if re.fullmatch(rf"{_NAME.pattern}\.json({re.escape(DRAFT)})?", file.name):
            file.unlink()
    with suppress(OSError):
        places.rmdir()


def _command() -> str:
    """Return the command line as it was typed, or `python` where Python called."""
    program, *arguments = sys.argv or [""]
    if Path(program).name in ("torso", "__main__.py"):
        return shlex.join(["torso", *arguments])
    return "python"

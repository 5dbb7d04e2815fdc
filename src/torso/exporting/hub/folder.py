"""A run as a folder to give away: the files that answer, and a card; neither rows of its table nor paths of its machine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from torso.core.errors import ConfigError, RunError
from torso.core.whole_files import write_whole
from torso.runs.report.card import model_card

if TYPE_CHECKING:
    from torso.runs.predicting.predictor import Predictor

__all__ = ["check_repository", "shareable", "write_hub_folder"]

_REPOSITORY = re.compile(r"[A-Za-z0-9_][\w.-]{0,95}/[A-Za-z0-9_][\w.-]{0,95}")
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.-]*")
_CARD = "README.md"
_OWN_PATHS: Mapping[str, object] = {
    "table": None,
    "validation": None,
    "test": None,
    "root": [],
    "weights": None,
    "cache": None,
}


def check_repository(name: object) -> str:
    """Return the name of a repository.

    Raises:
        ConfigError: it is no OWNER/NAME.
    """
    if not isinstance(name, str) or not _REPOSITORY.fullmatch(name) or ".." in name:
        raise ConfigError(
            f"`repository` should be OWNER/NAME, of letters, digits, '-', '_' and '.', such as me/house-prices. Found {name!r}."
        )
    return name


def write_hub_folder(
    run: Predictor, folder: str | Path, repository: str, *, license: str | None = None
) -> Path:
    """Write a run as a repository of the hub holds it: its files, and the card as `README.md`, metadata first.

    Left out are the held-out rows with their answers, examples, the split, cells that were skipped, notes, the log,
    studies, and the paths of table and caches. Names of columns, classes and words that the run learnt stay: it cannot
    answer without them.

    Args:
        run: finished.
        folder: absent, empty, or one that holds such a run, which is replaced.
        repository: OWNER/NAME, for the card.
        license: of the card, such as `apache-2.0`; None leaves it open.

    Raises:
        ConfigError: no name of a repository, or no name of a license.
        RunError: the folder holds something else.
    """
    name = check_repository(repository)
    if license is not None and not _LICENSE.fullmatch(license):
        raise ConfigError(
            f"`license` should be a name that the hub knows, such as apache-2.0 or cc-by-4.0. Found {license!r}."
        )
    path = Path(folder).expanduser()
    if run.folder is not None and path.resolve() == run.folder.resolve():
        raise RunError(f"{str(path)!r} is the run itself. Choose another folder.")
    shared = shareable(run)
    shared.save(path)
    card = model_card(shared, name.partition("/")[2], name)
    if license is not None:
        card = re.sub(r"\A---\n#[^\n]*\n", f"---\nlicense: {license}\n", card)
    write_whole(path / _CARD, card)
    (path / "MODEL_CARD.md").unlink(missing_ok=True)  # the hub shows README.md
    return path


def shareable(run: Predictor) -> Predictor:
    """Return the run without rows of its table, notes about them and paths of this machine."""
    data = run.config.data.model_copy(update=_OWN_PATHS)
    return replace(
        run,
        config=run.config.model_copy(update={"data": data}),
        report=replace(run.report, notes=()),
        folder=None,
        split=None,
        skipped=(),
        held_out=None,
    )

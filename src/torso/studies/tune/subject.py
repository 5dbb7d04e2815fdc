"""The run that is tuned: its config, its rows prepared once more, its answers to the test rows, and its cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from shlex import quote

import numpy as np

from torso.core.errors import ConfigError, DataError
from torso.runs.folder.folder import RunFolder
from torso.runs.predicting.predictor import Predictor
from torso.runs.prepare import prepare
from torso.runs.preparing.prepared import Prepared
from torso.runs.report.held_out import HeldOut
from torso.runs.report.report import RunReport
from torso.runs.settings.config import RunConfig
from torso.training import Listener

__all__ = ["Subject", "subject_of"]

_PARTS = ("encoders", "fusion", "sharing", "heads", "balancing")


@dataclass(frozen=True, eq=False)
class Subject:
    """A run to tune, or a preparation that has none yet.

    Attributes:
        config: complete.
        folder: of the run; None for a preparation.
        report: of the run; None for a preparation.
        given: the preparation, if one was given.
    """

    config: RunConfig
    folder: Path | None = None
    report: RunReport | None = None
    given: Prepared | None = None

    @property
    def held_out(self) -> HeldOut | None:
        """The run's answers to its test rows; None if it has none or an earlier version wrote it."""
        return None if self.folder is None else RunFolder(self.folder).held_out()

    @property
    def trial_seconds(self) -> float | None:
        """Seconds that a network of the run took; None where nothing tells."""
        if self.report is None:
            return None
        return self.report.training.seconds.training / max(1, self.report.training.networks)

    @property
    def whole_seconds(self) -> float | None:
        """Seconds that the run took after its preparation; None where nothing tells."""
        if self.report is None:
            return None
        return self.report.training.seconds.training + self.report.training.seconds.evaluating

    def prepared(self, table: object, trust_code: bool, listener: Listener) -> Prepared:
        """Return the run's rows, split as they were.

        Raises:
            ConfigError: the run's table was in memory, and none is given.
            DataError: the table cannot be used, or holds other rows than the run's.
        """
        if self.given is not None:
            return self.given
        assert self.folder is not None
        if table is None and self.config.data.table is None:
            raise ConfigError(
                "The run's table was in memory. Name it: torso tune "
                f"{quote(str(self.folder))} --table FILE (table=...)"
            )
        settings: dict[str, object] = {"search": False} if self.config.search else {}
        if table is not None and isinstance(table, str | PathLike):
            table, settings["data.table"] = None, str(table)
        file = self.folder / "run.yaml"

        told = _News(listener, set() if self.report is None else {*self.report.notes})

        def read(more: Mapping[str, object]) -> Prepared:
            try:
                return prepare(
                    table,
                    config=file,
                    settings={**settings, **more},
                    trust_code=trust_code,
                    listener=told,
                )
            except DataError as error:
                if "file not found" not in str(error):
                    raise
                cure = f"If it has moved: torso tune {quote(str(self.folder))} --table FILE (table=...)"
                raise DataError(f"{error} {cure}") from None

        prepared = read({})
        stored = RunFolder(self.folder).split()
        if stored is None:
            return prepared
        whole = prepared.parts["training"].table
        if why := stored.unlike(whole):
            raise DataError(
                f"{whole.name} does not hold the rows of {str(self.folder)!r}: {why}. Give the table that the run was fitted "
                f"on: torso tune {quote(str(self.folder))} --table FILE (table=...)"
            )
        before, now = stored.split, prepared.split.split
        parts = ("train", "validation", "test")
        if all(np.array_equal(getattr(before, part), getattr(now, part)) for part in parts):
            return prepared
        drawn = dict.fromkeys(("data.split.stratify", "data.split.column"))
        return read({**drawn, "data.split.like": str(self.folder.resolve())})


class _News(Listener):
    """Passes on the notes that the run has not told already."""

    shows_notes = True

    def __init__(self, listener: Listener, known: set[str]) -> None:
        self.listener, self.known = listener, known

    def preparing(self, column: str, done: int, total: int) -> None:
        self.listener.preparing(column, done, total)

    def noted(self, message: str) -> None:
        if message not in self.known:
            self.listener.noted(message)


def subject_of(run: object) -> Subject:
    """Return the run that a path, a `Predictor` or a preparation names.

    Raises:
        ConfigError: it is none of these, or lies in memory only.
        RunError: the folder is no finished run.
    """
    if isinstance(run, Prepared):
        # Parts that were chosen by default are named from here on: a setting inside one is about it.
        named = {room: getattr(run.config, room) for room in _PARTS}
        return Subject(run.config, given=replace(run, values={**run.values, **named}))
    if isinstance(run, Predictor):
        if run.folder is None:
            raise ConfigError(
                "`run` lies in memory only, where no journal can be kept. Save it: run.save(FOLDER)"
            )
        run = run.folder
    if not isinstance(run, str | PathLike):
        raise ConfigError(
            f"`run` should be the folder of a run, a run, or a preparation (torso.prepare). Found {type(run).__name__}."
        )
    files = RunFolder(Path(run).expanduser())
    files.schema()  # refuses what is no finished run
    return Subject(files.config(), files.path, files.report())

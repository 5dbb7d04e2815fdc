"""The runs that are served, each in its newest whole version; a replaced one is swapped in between two requests."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torso.core.errors import ConfigError, RunError, TorsoError, unknown
from torso.serving.answering import Asked, answer_together
from torso.serving.answers import Answered
from torso.serving.described import described
from torso.serving.examples import carried_rows, made_row, rows_of_table
from torso.serving.refusals import Refusal
from torso.serving.rows import table_of
from torso.serving.settings import ServeSettings
from torso.serving.values import Json
from torso.serving.version import FILES, Version, open_version

__all__ = ["Example", "Opened", "Served", "ServedRun", "check_answer", "runs_below"]

_log = logging.getLogger("torso.serving")

Stamp = tuple[tuple[str, int, int, int], ...]
"""Path, inode, size and time of each file of a run."""


@dataclass(frozen=True)
class Example:
    """A row to try a run with.

    Attributes:
        name: in words.
        made: True for one made from statistics.
        row: as a request sends it.
    """

    name: str
    made: bool
    row: Json


@dataclass(frozen=True, eq=False)
class Opened:
    """A version, and the words of the server on it.

    Attributes:
        version: of the run.
        examples: rows to try it with.
        about: what `GET /schema` says.
        loaded: seconds since 1970.
    """

    version: Version
    examples: Sequence[Example]
    about: Json
    loaded: float = field(default_factory=time.time)


@dataclass
class ServedRun:
    """A place of a run, and the version that answers.

    Attributes:
        name: under which it is served.
        path: folder, link to a folder, or exported file.
        opened: the version that answers.
        stamp: of the files that were looked at last.
        problem: the reason why the files that lie there are not served; empty without.
    """

    name: str
    path: Path
    opened: Opened | None = None
    stamp: Stamp = ()
    problem: str = ""

    @property
    def version(self) -> Version:
        """The version that answers."""
        assert self.opened is not None
        return self.opened.version


class Served:
    """All runs of a server.

    Args:
        path: of a run, an exported file, or a folder of such.
        settings: of the server.
        device: `auto`, `cpu`, `cuda`, ...
        trust_code: import parts that runs name by an import path.

    Raises:
        TorsoError: no run there, or one that cannot be opened or does not answer.
    """

    def __init__(
        self,
        path: Path,
        settings: ServeSettings,
        *,
        device: str = "auto",
        trust_code: bool = False,
    ) -> None:
        self._path, self._settings = path, settings
        self._device, self._trust_code = device, trust_code
        self.runs: dict[str, ServedRun] = {}
        self.several = not _is_run(path)
        for name, place in runs_below(path).items():
            run = ServedRun(name, place, stamp=stamp_of(place))
            run.opened = self._open(run)
            self.runs[name] = run

    def find(self, name: str | None) -> ServedRun:
        """Return a run by its name; without one, the only run.

        Raises:
            Refusal: there is none of this name, or more than one without a name.
        """
        if name is None:
            if len(self.runs) == 1:
                return next(iter(self.runs.values()))
            raise Refusal(
                "not_found",
                f"This server has {len(self.runs)} runs: {sorted(self.runs)}.",
                cure="Name one: /runs/NAME/predict.",
            )
        if name not in self.runs:
            raise Refusal("not_found", unknown("run", name, self.runs), cure="GET /runs.")
        return self.runs[name]

    def refresh(self, *, drop: bool = False) -> list[ServedRun]:
        """Open replaced and new runs, and return those that changed; a failure leaves the old version.

        Args:
            drop: no longer serve runs whose files are gone.
        """
        changed = []
        if self.several:
            for name, place in self._below().items():
                if name not in self.runs:
                    run = ServedRun(name, place)
                    if self._renew(run):
                        self.runs = {**self.runs, name: run}
                        changed.append(run)
        changed += [run for run in [*self.runs.values()] if self._renew(run)]
        if drop:
            self.runs = {name: run for name, run in self.runs.items() if run.stamp} or self.runs
        return changed

    def _below(self) -> dict[str, Path]:
        try:
            return runs_below(self._path)
        except RunError:  # all are gone; those that were opened go on
            return {}

    def _renew(self, run: ServedRun) -> bool:
        """Open a run whose files have changed; return whether another version answers now."""
        stamp = stamp_of(run.path)
        if stamp == run.stamp:
            return False
        run.stamp = stamp
        try:
            if not stamp:
                raise RunError(f"{run.path} is gone.")
            opened = self._open(run)
            if stamp_of(run.path) != stamp:
                run.stamp = ()  # it changed while it was read: look again
                return False
        except (TorsoError, OSError, ValueError, RuntimeError) as error:
            run.problem = f"{error} The version that was opened before goes on answering."
            _log.warning("not replaced", extra={"facts": {"run": run.name, "problem": run.problem}})
            return False
        run.problem = ""
        same = run.opened is not None and run.version.digest == opened.version.digest
        if not same:
            run.opened = opened
            _log.info(
                "opened", extra={"facts": {"run": run.name, "version": opened.version.digest}}
            )
        return not same

    def _open(self, run: ServedRun) -> Opened:
        """Open a run and let it answer its own example, so that no request is the first."""
        version = open_version(
            run.name, run.path, device=self._device, trust_code=self._trust_code
        ).with_thresholds(self._settings.thresholds)
        made = Example("made from the run's statistics", True, made_row(version.inputs))
        examples = [Example(name, False, row) for name, row in carried_rows(run.path).items()]
        table = self._settings.examples
        if table is not None and not self.several:
            rows = rows_of_table(
                table, version.inputs, version.predictor.config.data, self._settings.roots
            )
            examples += [
                Example(f"row {number} of {table.name}", False, row)
                for number, row in enumerate(rows, 1)
            ]
        for example in (made, *examples):
            check_answer(version, example, self._settings)
        shown = examples or [made]
        about = described(version, self._settings, len(shown))
        return Opened(version, shown, about)


def check_answer(version: Version, example: Example, settings: ServeSettings) -> Answered:
    """Return the answer to an example.

    Raises:
        ConfigError: the run refuses it.
    """
    try:
        rows = table_of([example.row], version.inputs, settings.limits)
        outcome = answer_together(version, [Asked(rows, refuse=False)])[0]
    except Refusal as refusal:
        outcome = refusal
    if isinstance(outcome, Refusal):
        raise ConfigError(f"{version.name}: the example {example.name!r}: {outcome.message}")
    return outcome


def runs_below(path: Path) -> dict[str, Path]:
    """Return name -> place of the run at a path, or of the runs in a folder.

    Raises:
        RunError: there is none.
    """
    if _is_run(path):
        name = path.stem if path.suffix == ".onnx" else path.name or path.resolve().name
        return {name: path}
    places = sorted(path.iterdir()) if path.is_dir() else []
    runs = {
        place.stem if place.suffix == ".onnx" else place.name: place
        for place in places
        if _is_run(place)
    }
    if not runs:
        raise RunError(
            f"{str(path)!r} is no run, no exported model.onnx, and no folder of such. Name the folder that `torso fit` wrote."
        )
    return runs


def _is_run(path: Path) -> bool:
    return (path.suffix == ".onnx" and path.is_file()) or (path / "schema.json").is_file()


def stamp_of(path: Path) -> Stamp:
    """Return a value that changes with a run's files; empty if they are gone."""
    files = [path] if path.suffix == ".onnx" else [path / name for name in ("torso.json", *FILES)]
    stamp = []
    for file in files:
        try:
            state = file.stat()
        except OSError:
            continue
        stamp.append((file.name, state.st_ino, state.st_size, state.st_mtime_ns))
    return tuple(stamp)

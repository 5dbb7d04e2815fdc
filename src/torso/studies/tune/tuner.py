"""One search from its journal to its verdict: default, trials, last training, comparison, files."""

from __future__ import annotations

import json
import math
import pickle
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from torso.core.errors import ConfigError
from torso.core.notes import Telling
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.json_files import write_json
from torso.runs.folder.stage import Stage
from torso.runs.identity import identity
from torso.runs.networks.folds import rows_of_folds
from torso.runs.predicting.load import load
from torso.runs.predicting.predictor import Predictor
from torso.runs.preparing.prepared import Prepared
from torso.runs.report.held_out import HeldOut
from torso.runs.settings.durations import duration_text, seconds_of_budget
from torso.runs.train import train
from torso.studies.tune.compared import Unseen, compared
from torso.studies.tune.journal import check_ours, counted, lose_trials, opened, repaired, study_in
from torso.studies.tune.results import front_of, result_of, told_trials
from torso.studies.tune.search import (
    WHOLE,
    Search,
    default_trial,
    try_default,
    try_settings,
)
from torso.studies.tune.subject import Subject
from torso.studies.tune.tuning import Tuning, TuningPlan, gain_text
from torso.studies.tune.workers import Shift, try_with_workers
from torso.training import Listener

if TYPE_CHECKING:
    from optuna import Study

__all__ = ["ASKED", "Asked", "Tuner"]

_MORE = 1.15
"""Share of an estimate that is kept for the last training: no two take equally long."""
_LEAST_TRIALS = 3
"""Trials for which a budget that is too short is told to have room."""
_PLAIN = "Trials train networks alone; the plain models that the run blends with them are fitted for the best settings only."
_NO_PRUNING = "With several objectives each trial trains one network, and none is ended early: they have no order before they end."


@dataclass(frozen=True)
class Asked:
    """Numbers of a request, checked.

    Attributes:
        objectives: tasks that matter, each on its own; empty for the mean over all.
        trials: number of them, the run's own settings among them.
        workers: processes.
        seed: of the draws.
        budget: time for everything.
    """

    objectives: tuple[str, ...] = ()
    trials: int = 20
    workers: int = 1
    seed: int = 0
    budget: str | float | None = None

    def __post_init__(self) -> None:
        for name, least in (("trials", 1), ("workers", 1), ("seed", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ConfigError(
                    f"`{name}` should be a whole number from {least} on. Found {value!r}."
                )
        seconds_of_budget(self.budget)

    @property
    def seconds(self) -> float | None:
        """Seconds of the budget; None for any."""
        return seconds_of_budget(self.budget)


ASKED = Asked()
"""The defaults."""


@dataclass(frozen=True, eq=False)
class Tuner:
    """One search.

    Attributes:
        subject: the run.
        prepared: its rows.
        search: free settings and objectives.
        asked: numbers of the request.
        listener: is told of trials and notes.
    """

    subject: Subject
    prepared: Prepared
    search: Search
    asked: Asked
    listener: Listener

    def plan(self) -> TuningPlan:
        """Return the search before it begins."""
        return TuningPlan(
            self._space,
            self.search.tasks,
            self.search.separate,
            self.asked.trials,
            self._rows,
            len(self.prepared.parts["test"].rows),
            self.subject.trial_seconds,
            self.subject.whole_seconds,
            self.asked.workers,
            self.search.folds,
            WHOLE,
            self._notes,
        )

    @property
    def _space(self) -> dict[str, str]:
        words = {path: str(each) for path, each in self.search.space.dimensions.items()}
        return {
            "balancing.weights" if path == "balancing" else path: w for path, w in words.items()
        }

    @property
    def _rows(self) -> int:
        folds = rows_of_folds(self.prepared, self.prepared.config)[: self.search.folds]
        return sum(len(rows.parts["validation"].rows) for rows, _ in folds)

    @property
    def _networks(self) -> int:
        config = self.prepared.config
        return (config.folds or 1) * (config.repeats or 1)

    @property
    def _notes(self) -> tuple[str, ...]:
        plain = [_PLAIN] if self.prepared.config.blend != "off" else []
        alone = [_NO_PRUNING] if self.search.separate else []
        return (*self.search.space.notes, *plain, *alone)

    def run(self, place: Path | None, *, overwrite: bool, began: float) -> Tuning:
        """Search, train the best, compare, and write the result.

        Args:
            place: folder of journal and runs; None for none.
            overwrite: begin anew.
            began: time of `perf_counter` at which the budget began.

        Raises:
            ConfigError: a budget too short for a trial and the last training, or workers without a folder.
            RunError: the folder holds another search, or the run's own settings cannot be judged.
        """
        if place is None and self.asked.workers > 1:
            raise ConfigError(
                "Several workers meet in a journal, and a preparation has no folder for it. Name one: out='FOLDER'"
            )
        journal = None if place is None else place / "journal.log"
        study = self._study(place, journal, overwrite=overwrite)
        notes = [*self._notes]
        lost = lose_trials(study)
        if lost:
            notes.append(f"Under way when the search ended before, and repeated: {lost} trials.")
        for note in notes:
            self.listener.noted(Telling(note))
        if default_trial(study) is None:
            self._check_budget(began)
            self.listener.preparing("trials", 0, self.asked.trials)
            try_default(self.prepared, self.search, study)
        self._search(replace(self.search, until=self._until(study, began)), study, journal)
        return self._finish(study, place, began, notes)

    def _study(self, place: Path | None, journal: Path | None, *, overwrite: bool) -> Study:
        if place is not None and journal is not None:
            check_ours(journal)
            if overwrite:
                journal.unlink(missing_ok=True)
            repaired(journal)
        separate = self.search.separate
        about = {
            **_identity(self.prepared),
            "space": self.search.space.to_dict(),
            "objective": [*self.search.tasks, separate],
            "seed": self.search.seed,
        }
        objectives = len(self.search.tasks) if separate else 1
        study = study_in(opened(journal), json.loads(json.dumps(about)), objectives, str(place))
        study.pruner = self.search.pruner(self.prepared.config.training.epochs)
        return study

    def _check_budget(self, began: float) -> None:
        """Refuse a budget in which not even one trial and the last training end."""
        budget, own = self.asked.seconds, self.subject
        if budget is None or own.trial_seconds is None or own.whole_seconds is None:
            return
        spent, trial = perf_counter() - began, own.trial_seconds * self.search.folds
        if spent + trial + _MORE * own.whole_seconds > budget:
            needed = spent + _LEAST_TRIALS * trial + _MORE * own.whole_seconds
            raise ConfigError(
                f"`budget` of {duration_text(budget)} is too short: the first trial takes about {duration_text(trial)} "
                f"and the last training about {duration_text(own.whole_seconds)}. Try --budget {math.ceil(needed)}s"
            )

    def _until(self, study: Study, began: float) -> float | None:
        """Return the time of `time.time` at which trials are given up, so that the last training ends in time."""
        if self.asked.seconds is None:
            return None
        default = default_trial(study)
        assert default is not None
        trial = float(default.user_attrs["seconds"]) / self.search.folds
        usual = self.subject.trial_seconds
        pace = 1.0 if not usual else max(1.0, trial / usual)
        whole = (
            self.subject.whole_seconds or 2 * trial * self._networks
        )  # two runs for a preparation
        return time.time() + self.asked.seconds - (perf_counter() - began) - _MORE * pace * whole

    def _search(self, search: Search, study: Study, journal: Path | None) -> None:
        total = self.asked.trials

        def told() -> None:
            done = [trial for trial in counted(study) if trial.state.is_finished()]
            self.listener.preparing("trials", min(len(done), total), total)

        told()
        missing = total - len(counted(study))
        workers = min(self.asked.workers, missing)
        if workers > 1 and journal is not None:
            shares = [missing // workers + (n < missing % workers) for n in range(workers)]
            shifts = [
                Shift(self.prepared, search, journal, share, number)
                for number, share in enumerate(shares, 1)
            ]
            try:
                pickle.dumps(self.prepared)
            except (pickle.PicklingError, TypeError, AttributeError) as error:
                self.listener.noted(
                    f"One worker trains instead of {workers}: the preparation cannot be handed over ({error!r:.100})."
                )
            else:
                try_with_workers(shifts, told)
                return
        try_settings(self.prepared, search, study, missing, told)

    def _finish(self, study: Study, place: Path | None, began: float, notes: list[str]) -> Tuning:
        trials = tuple(result_of(trial) for trial in counted(study))
        front = front_of(trials, self.search.tasks, separate=self.search.separate)
        result = Tuning(
            self._space,
            self.search.tasks,
            self.search.separate,
            trials,
            front[0],
            front,
            self._rows,
        )
        for note in told_trials(result, self.asked.trials):
            self._tell(note, notes)
        if result.settings:
            best = self._trained(result.settings, place, "best")
            folder = "" if best.folder is None else str(best.folder)
            unseen = self._compared(best, place, notes)
            result = replace(result, folder=folder, unseen=unseen)
        result = replace(result, seconds=perf_counter() - began, notes=tuple(notes))
        if self.subject.folder is not None and place == self.subject.folder / "studies" / "tune":
            RunFolder(self.subject.folder).write_study("tune", result.to_dict())
        elif place is not None:
            write_json(place / "tune.json", result.to_dict())
        return result

    def _trained(self, settings: Mapping[str, object], place: Path | None, name: str) -> Predictor:
        """Train settings as the run was, or open the run that an earlier search has trained."""
        if place is None:
            return train(self.prepared, settings, listener=self.listener, progress=False)
        folder = place / name
        files = RunFolder(folder)
        if files.stage is Stage.FINISHED and files.config() == self.prepared.configured(settings):
            kept = load(folder)
            if kept.split is not None and dict(kept.split.digests) == dict(
                self.prepared.split.digests
            ):
                return kept
        return train(
            self.prepared,
            settings,
            out=folder,
            overwrite=True,  # of a run; other files are refused
            listener=self.listener,
            progress=False,
        )

    def _compared(self, best: Predictor, place: Path | None, notes: list[str]) -> Unseen:
        """Return how the best settings do on the test rows beside the run's own."""
        default: HeldOut | None = self.subject.held_out
        if default is None and len(self.prepared.parts["test"].rows):
            if self.subject.folder is not None:
                told = "An earlier version wrote the run, without its answers: its settings were trained once more."
                self._tell(Telling(told), notes)
            default = self._trained({}, place, "default").held_out
        seed, tasks = self.search.seed, self.search.tasks
        unseen = compared(default, best.held_out, tasks, seed)
        if unseen.without:
            named = ", ".join(unseen.without)
            self._tell(Telling(f"Without a log loss, and so not compared: {named}."), notes)
        others = tuple(task for task in self.prepared.config.targets if task not in tasks)
        for task, gain in compared(default, best.held_out, others, seed).tasks.items():
            if gain.high < 0:
                told = f"{task}, which is no objective, is worse with the tuned settings: {gain_text(gain)} %."
                self._tell(told, notes)
        return unseen

    def _tell(self, note: str, notes: list[str]) -> None:
        self.listener.noted(note)
        notes.append(str(note))


def _identity(prepared: Prepared) -> dict[str, object]:
    """Return digests that tell a run from any other: of its cells, its split, its settings, wherever its files lie."""
    about = identity(prepared, prepared.config)
    config = prepared.config.model_dump(exclude={"data": True, "training": {"device", "threads"}})
    tables = {role: sorted(cells["columns"].values()) for role, cells in about["tables"].items()}
    return {
        "table": _digest(json.dumps(tables)),
        "split": about["split"],
        "settings of the run": _digest(json.dumps(config, default=str)),
    }


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()

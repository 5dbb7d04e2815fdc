"""`torso.tune`: a search of settings for a run, ended by an honest comparison with the run's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

from torso.core.errors import ConfigError, unknown
from torso.core.listed import check_listed
from torso.core.notes import Telling
from torso.progress.watching import Progress, watched
from torso.studies.tune.journal import check_optuna, sole_search
from torso.studies.tune.search import Search
from torso.studies.tune.space import read_space
from torso.studies.tune.subject import Subject, subject_of
from torso.studies.tune.tuner import ASKED, Asked, Tuner
from torso.studies.tune.tuning import Tuning, TuningPlan
from torso.studies.tune.usual import SPACES, usual_space
from torso.training import Listener

__all__ = ["plan_tuning", "tune"]


def tune(
    run: object,
    space: str | Path | Mapping[str, object] = "first",
    *,
    table: object = None,
    objectives: Sequence[str] = (),
    trials: int = 20,
    budget: str | float | None = None,
    workers: int = 1,
    seed: int = 0,
    out: str | Path | None = None,
    overwrite: bool = False,
    trust_code: bool = False,
    listener: Listener | None = None,
    progress: Progress = "auto",
) -> Tuning:
    """Search settings that are better than a run's own, and say whether they surely are on rows the search never saw.

    Trials train the networks of the run's folds one after the other, or its one network, and are judged by the log loss of
    the rows that these held out; but for the first six, most are ended early. The first trial has the run's own settings,
    so the chosen ones are never worse there. The best settings are trained as the run was, and both are compared on the
    test rows.

    Args:
        run: folder of a run, a run that lies in one, or a preparation.
        space: `first` (rate, weight decay, dropout, width), `all` (with them weights of tasks and parts), a YAML file, or
            path of a setting -> its values.
        table: of a run that was fitted on one in memory, or that has moved.
        objectives: tasks that matter, each on its own if there are several; default: the mean over all tasks.
        trials: number of them, the run's own settings among them; more go on where a search ended.
        budget: time for everything, `"30m"` or seconds; None: any.
        workers: processes that train trials at once, each on one thread.
        seed: of the draws.
        out: folder for journal and runs; None: `studies/tune` in the run's.
        overwrite: begin anew instead of going on with the search in the folder.
        trust_code: import parts that the run names by an import path.
        listener: is told of trials and notes.
        progress: show a bar: `"auto"`, True or False.

    Returns:
        The trials and the verdict; they stand in `studies/tune.json` of the run, too.

    Raises:
        ConfigError: a setting of the space that is unknown or cannot be searched, or a budget too short for a training.
        DataError: the table cannot be used.
        MissingDependency: Optuna is not installed.
        RunError: no run, or its folder holds another search.
    """
    began = perf_counter()
    check_optuna()
    check_listed("objectives", objectives)
    asked = Asked(tuple(objectives), trials, workers, seed, budget)
    with watched(listener, progress) as told:
        subject = subject_of(run)
        tuner = _ready(subject, space, asked, table, (trust_code, told))
        place = Path(out).expanduser() if out is not None else None
        if place is None and subject.folder is not None:
            place = subject.folder / "studies" / "tune"
        with sole_search(place):
            return tuner.run(place, overwrite=overwrite, began=began)


def plan_tuning(
    run: object,
    space: str | Path | Mapping[str, object] = "first",
    asked: Asked = ASKED,
    *,
    table: object = None,
    trust_code: bool = False,
    listener: Listener | None = None,
) -> TuningPlan:
    """Return the search that `tune` would make, and its estimated cost; nothing is trained.

    Args:
        run: as for `tune`.
        space: as for `tune`.
        asked: tasks and numbers, as for `tune`.
        table: as for `tune`.
        trust_code: as for `tune`.
        listener: as for `tune`.

    Raises:
        ConfigError: as from `tune`.
    """
    with watched(listener) as told:
        return _ready(subject_of(run), space, asked, table, (trust_code, told)).plan()


def _ready(
    subject: Subject,
    space: str | Path | Mapping[str, object],
    asked: Asked,
    table: object,
    told: tuple[bool, Listener],
) -> Tuner:
    """Return the search of a request, its names checked before a row is read."""
    trust_code, listener = told
    targets = [*subject.config.targets]
    for task in asked.objectives:
        if task not in targets:
            raise ConfigError(unknown("task in `objectives`:", task, targets))
    named = space if isinstance(space, str) and space in SPACES else None
    if isinstance(space, str) and named is None and not Path(space).expanduser().exists():
        raise ConfigError(
            f"`space` should be {' or '.join(SPACES)}, or a YAML file. {unknown('space', space, SPACES)}"
        )
    read = read_space(space, subject.config) if named is None else None
    prepared = subject.prepared(table, trust_code, listener)
    chosen = usual_space(named, prepared) if named is not None else read
    assert chosen is not None
    if read is not None:
        read.check_preparation(prepared)
    for note in chosen.notes:
        listener.noted(Telling(note))
    tasks = tuple(dict.fromkeys(asked.objectives)) or tuple(targets)
    separate = len(tasks) > 1 and bool(asked.objectives)
    folds = 1 if separate else max(1, prepared.config.folds or 1)
    search = Search(chosen, tasks, separate, asked.seed, folds)
    return Tuner(subject, prepared, search, asked, listener)

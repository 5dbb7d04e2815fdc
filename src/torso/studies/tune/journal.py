"""The journal of a search: an Optuna study in a file of lines that survives a kill at any instant.

One search at a time writes it, with its workers. A trial that a kill cut short is marked as lost and drawn again. The
draws of trial number k follow from the seed, k and the results before it. So a search that was killed and went on ends as
one that was never killed, as long as one worker trains.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from torso.core.errors import RunError
from torso.core.optional import require

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial, Trial

__all__ = [
    "BUDGET",
    "Asked",
    "ask",
    "check_optuna",
    "check_ours",
    "counted",
    "lose_trials",
    "opened",
    "repaired",
    "sole_search",
    "study_in",
    "study_of",
]

_NAME = "tune"
_FIRST = b'{"op_code":'
"""Beginning of every journal that Optuna writes."""
_LOST, _WHY = "lost", "why"
BUDGET = "budget"
"""Reason of a trial that was given up when time was over; it does not count, and a search that goes on repeats it."""
_STARTUP = 8
"""Trials, the default among them, that are drawn at random before the sampler learns from results."""
_ABOUT = "about"

Asked = Mapping[str, object]
"""The request of a search; a journal belongs to one request."""


def check_optuna() -> None:
    """Refuse where Optuna is not installed.

    Raises:
        MissingDependency: with the line of pip.
    """
    require("optuna", why="A search of settings", extra="tune").logging.set_verbosity(30)


def opened(file: Path | None) -> BaseStorage:
    """Return the storage of a journal; None keeps it in memory.

    Raises:
        RunError: the journal is damaged.
    """
    from optuna.storages import InMemoryStorage, JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    if file is None:
        return InMemoryStorage()

    own = _SystemLock(file.with_suffix(".lock")) if os.name == "posix" else None
    lock = cast("JournalFileOpenLock", own) or JournalFileOpenLock(str(file))
    try:
        return JournalStorage(JournalFileBackend(str(file), lock))
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise RunError(
            f"The journal {str(file)!r} is damaged: {error!r:.100}. Start anew: --overwrite (overwrite=True)"
        ) from None


class _SystemLock:
    """A lock that the system frees when its process dies; Optuna's own stay behind after a kill."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def acquire(self) -> bool:
        self._handle = self._file.open("a")
        _lock(self._handle.fileno(), wait=True)
        return True

    def release(self) -> None:
        self._handle.close()


def _lock(descriptor: int, *, wait: bool) -> None:
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


@contextmanager
def sole_search(folder: Path | None) -> Iterator[None]:
    """Hold a folder for one search while the block runs.

    Raises:
        RunError: another process searches there.
    """
    if folder is None or os.name != "posix":
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "search.lock").open("a") as handle:
        try:
            _lock(handle.fileno(), wait=False)
        except OSError:
            raise RunError(
                f"Another search is under way in {str(folder)!r}. Wait for its end, or stop it; several workers "
                "belong to one search: --workers 2"
            ) from None
        yield


def check_ours(file: Path) -> None:
    """Refuse to write into a file that is no journal.

    Raises:
        RunError: it holds something else.
    """
    with suppress(FileNotFoundError), file.open("rb") as handle:
        begun = handle.read(len(_FIRST))
        if not _FIRST.startswith(begun):
            raise RunError(f"{str(file)!r} is no journal of a search. Choose another folder: out=")


def repaired(file: Path) -> None:
    """Cut off the line that a kill left half written; the lines before it stay."""
    with suppress(FileNotFoundError):
        content = file.read_bytes()
        if content and not content.endswith(b"\n"):
            whole = content.rfind(b"\n") + 1
            with file.open("r+b") as handle:
                handle.truncate(whole)


def study_in(storage: BaseStorage, about: Asked, objectives: int, where: str) -> Study:
    """Return the study of a storage, a new one if there is none.

    Args:
        storage: from `opened`.
        about: part of the request -> JSON values.
        objectives: number of values of a trial, each the higher the better.
        where: the journal's path, for the message.

    Raises:
        RunError: the journal belongs to another search, or is damaged.
    """
    from optuna import create_study

    known = {study.study_name for study in storage.get_all_studies()}
    if _NAME not in known:
        study = create_study(
            storage=storage, study_name=_NAME, directions=["maximize"] * objectives
        )
        study.set_user_attr(_ABOUT, dict(about))
        return study
    study = study_of(storage)
    begun = study.user_attrs.get(_ABOUT)
    if begun is None:  # killed between the two lines
        study.set_user_attr(_ABOUT, dict(about))
        return study
    changed = [name for name in about if begun.get(name) != about[name]]
    if changed:
        raise RunError(
            f"The search in {where!r} began with another {' and another '.join(changed)}. Go on as it began, or start "
            "anew: --overwrite (overwrite=True)"
        )
    return study


def study_of(storage: BaseStorage) -> Study:
    """Return the study that a search has begun."""
    from optuna import load_study

    return load_study(study_name=_NAME, storage=storage)


def counted(study: Study) -> list[FrozenTrial]:
    """Return the trials that began, without those that a kill or the end of the time cut short."""
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False)
    begun = [trial for trial in trials if trial.state != TrialState.WAITING]
    return [
        trial
        for trial in begun
        if _LOST not in trial.user_attrs and trial.user_attrs.get(_WHY) != BUDGET
    ]


def lose_trials(study: Study) -> int:
    """Mark trials that were under way in a search that ended; return their number."""
    from optuna.trial import TrialState

    lost = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    for trial in lost:
        with suppress(ValueError, RuntimeError):  # its worker ended it a moment ago
            study._storage.set_trial_user_attr(trial._trial_id, _LOST, True)
            study.tell(trial.number, state=TrialState.FAIL)
    return len(lost)


def ask(study: Study, seed: int, worker: int = 0) -> Trial:
    """Return the next trial, whose draws follow from the seed, its number and the results before it."""
    study.sampler = _sampler(seed, len(counted(study)), worker)
    return study.ask()


def _sampler(seed: int, number: int, worker: int) -> BaseSampler:
    import numpy as np
    from optuna.samplers import TPESampler

    drawn = np.random.SeedSequence([seed, number, worker]).generate_state(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `constant_liar` is called experimental
        return TPESampler(seed=int(drawn[0]), n_startup_trials=_STARTUP, constant_liar=worker > 0)

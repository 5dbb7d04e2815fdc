"""The search itself: trials drawn, trained, ended early where others did better, and kept in the journal.

Early ends are those of ASHA: Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020
(https://arxiv.org/abs/1810.05934), as Optuna has it: a trial goes on past a rung if it is in the best third of those that
reached it. Differs: the first trials are never ended, for the first rungs are noisier than a gain of one percent, and would
compare with too few. The sampler is Optuna's TPE (Bergstra et al., NeurIPS 2011).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from torso.core.errors import RunError
from torso.runs.preparing.prepared import Prepared
from torso.studies.tune.journal import BUDGET, ask, counted
from torso.studies.tune.parts import parts_of
from torso.studies.tune.space import Settings, Space
from torso.studies.tune.trial import (
    Outcome,
    gains_of,
    mean_gain,
    mean_losses,
    step_after,
    train_trial,
)
from torso.training import Stop

if TYPE_CHECKING:
    from optuna import Study
    from optuna.pruners import BasePruner
    from optuna.trial import FrozenTrial, Trial

__all__ = ["DEFAULT", "WHOLE", "Search", "default_trial", "try_default", "try_settings"]

DEFAULT = "default"
"""Attribute of the trial that has the run's own settings."""
WHOLE = 6
"""Trials that are never ended early, the first ones; the default is among them."""
_PRUNED = "another trial was better"
_RUNGS, _KEPT, _LEAST = 9, 3, 3
"""The first rung is a ninth of the epochs, at least three, and a third of the trials goes on."""


@dataclass(frozen=True)
class Search:
    """Request of a search, as its workers need it.

    Attributes:
        space: free settings.
        tasks: that are looked at.
        separate: each task is an objective of its own, and there is no single best.
        seed: of the draws.
        folds: networks of a trial that is not ended early.
        until: time of `time.time` at which trials are given up; None for never.
    """

    space: Space
    tasks: tuple[str, ...]
    separate: bool
    seed: int
    folds: int = 1
    until: float | None = None

    @property
    def over(self) -> bool:
        """True if no time is left."""
        return self.until is not None and time.time() >= self.until

    def values(self, gains: Mapping[str, float]) -> list[float]:
        """Return the values of the objectives."""
        if self.separate:
            return [gains[task] for task in self.tasks]
        return [mean_gain(gains, self.tasks)]

    def pruner(self, epochs: int) -> BasePruner:
        """Return the rule that ends trials early; none for several objectives, which Optuna cannot rank in between."""
        from optuna.pruners import NopPruner, SuccessiveHalvingPruner

        if self.separate:
            return NopPruner()
        return SuccessiveHalvingPruner(
            min_resource=max(_LEAST, epochs // _RUNGS), reduction_factor=_KEPT
        )


def default_trial(study: Study) -> FrozenTrial | None:
    """Return the finished trial of the run's own settings; None before."""
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return next((trial for trial in trials if trial.user_attrs.get(DEFAULT)), None)


def try_default(prepared: Prepared, search: Search, study: Study) -> None:
    """Train the run's own settings as the first trial; it is never ended early.

    Raises:
        RunError: nothing is learnt with them, or a task has no label among the rows that trials are judged on.
    """
    from optuna.trial import TrialState

    draws = search.space.draws_of(prepared.config)
    if not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        numbers = {name: number for own in draws.values() for name, number in own.items()}
        study.enqueue_trial(numbers, user_attrs={DEFAULT: True})
    trial = ask(study, search.seed)
    for path in draws:
        search.space.dimensions[path].draw(path, trial)
    outcome = train_trial(prepared, {}, search.folds)
    undefined = [task for task in search.tasks if math.isnan(outcome.losses.get(task, math.nan))]
    if outcome.why or undefined:
        study.tell(trial, state=TrialState.FAIL)
        why = outcome.why or f"no row that trials are judged on has a finite loss of {undefined}"
        others = [quote(task) for task in prepared.schema.targets if task not in undefined]
        cure = (
            f" Tune for the others: torso tune RUN {' '.join(others)}"
            if others and undefined
            else ""
        )
        raise RunError(f"The run's own settings cannot be judged: {why}.{cure}")
    if not search.separate:
        _report_default(prepared, search, trial, outcome)
    _note(trial, {}, outcome, gains_of(outcome.losses, outcome.losses))
    study.tell(trial, [0.0] * len(study.directions))


def _report_default(prepared: Prepared, search: Search, trial: Trial, outcome: Outcome) -> None:
    """Enter the default among those that reached each rung."""
    for epoch in outcome.first:
        gains = gains_of(epoch.validation, outcome.folds[0])
        trial.report(mean_gain(gains, search.tasks), epoch.number)
        trial.should_prune()
    for number in range(len(outcome.folds)):
        trial.report(0.0, step_after(number, prepared.config.training.epochs))
        trial.should_prune()


def try_settings(
    prepared: Prepared,
    search: Search,
    study: Study,
    count: int,
    told: Callable[[], None] = lambda: None,
    worker: int = 0,
) -> None:
    """Train so many trials, or as many as time allows.

    Args:
        prepared: the rows, and the run's own settings.
        search: the request.
        study: the journal's; it has the default's trial.
        count: of trials.
        told: called after each.
        worker: number of the process, 0 for the only one.
    """
    default = default_trial(study)
    assert default is not None
    reference: list[dict[str, float]] = default.user_attrs["folds"]
    parts = parts_of(prepared.config)
    for _ in range(count):
        if search.over:
            return
        trial = ask(study, search.seed, worker)
        settings = search.space.draw(trial, parts)
        known = _known(counted(study), settings)
        if known is not None:
            _repeat(study, trial, known)
        else:
            _train(prepared, search, study, trial, settings, reference)
        told()


def _train(
    prepared: Prepared,
    search: Search,
    study: Study,
    trial: Trial,
    settings: Settings,
    reference: Sequence[Mapping[str, float]],
) -> None:
    from optuna.trial import TrialState

    before = sum(own.number < trial.number for own in counted(study))

    def judge(step: int, folds: Sequence[Mapping[str, float]]) -> Stop | None:
        if not search.separate:
            gains = gains_of(mean_losses(folds), mean_losses(reference[: len(folds)]))
            trial.report(mean_gain(gains, search.tasks), step)
            if (
                trial.should_prune() and before >= WHOLE
            ):  # asked first: it enters the trial at its rung
                return Stop(_PRUNED)
        return Stop(BUDGET) if search.over else None

    outcome = train_trial(prepared, settings, search.folds, judge)
    gains = gains_of(outcome.losses, mean_losses(reference[: len(outcome.folds)]))
    _note(trial, settings, outcome, gains)
    if outcome.end == _PRUNED:
        study.tell(trial, state=TrialState.PRUNED)
        return
    values = search.values(gains) if not outcome.why else [math.nan]
    if outcome.end == BUDGET or any(map(math.isnan, values)):
        study.tell(trial, state=TrialState.FAIL)
        return
    study.tell(trial, values)


def _note(trial: Trial, settings: Settings, outcome: Outcome, gains: Mapping[str, float]) -> None:
    """Keep settings and result of a trial in the journal."""
    why = outcome.why or (outcome.end if outcome.end == BUDGET else "")
    known = {task: loss for task, loss in outcome.losses.items() if math.isfinite(loss)}
    if not why and not known:
        why = "its held-out loss is not a number"
    for name, value in {
        "settings": settings,
        "losses": known,
        "folds": [dict(fold) for fold in outcome.folds],
        "gains": {task: gain for task, gain in gains.items() if math.isfinite(gain)},
        "epochs": outcome.epochs,
        "seconds": round(outcome.seconds, 2),
        "why": why,
    }.items():
        trial.set_user_attr(name, value)


def _known(trials: Iterable[FrozenTrial], settings: Settings) -> FrozenTrial | None:
    """Return a trial that ended with the same settings, and would end so again."""
    from optuna.trial import TrialState

    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    same = [trial for trial in trials if trial.user_attrs.get("settings") == settings]
    return next((trial for trial in same if trial.state in ended), None)


def _repeat(study: Study, trial: Trial, known: FrozenTrial) -> None:
    """Give a trial the result of an equal one."""
    for name, value in known.user_attrs.items():
        if name != DEFAULT:
            trial.set_user_attr(name, value)
    trial.set_user_attr("seconds", 0.0)
    trial.set_user_attr("repeats", known.number)
    if known.values is None or known.state.name == "PRUNED":
        study.tell(trial, state=known.state)
    else:
        study.tell(trial, known.values)

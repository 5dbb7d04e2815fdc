"""Trials of a journal as values, the best of them, and sentences about those that came to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torso.core.notes import Telling
from torso.studies.tune.search import DEFAULT
from torso.studies.tune.tuning import TrialResult, Tuning

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

__all__ = ["front_of", "result_of", "told_trials"]

_ENDS = {"COMPLETE": "whole", "PRUNED": "ended early", "FAIL": "failed"}


def result_of(trial: FrozenTrial) -> TrialResult:
    """Return a trial of the journal as a value."""
    known = trial.user_attrs
    end = _ENDS.get(trial.state.name, "failed")
    return TrialResult(
        trial.number,
        end,
        known.get("settings", {}),
        known.get("gains", {}),
        known.get("losses", {}),
        known.get("epochs", 0),
        known.get("seconds", 0.0),
        bool(known.get(DEFAULT)),
        known.get("why", ""),
    )


def front_of(
    trials: tuple[TrialResult, ...], tasks: tuple[str, ...], *, separate: bool
) -> tuple[int, ...]:
    """Return the trials that no other one beats in every task, the best mean first; of one objective, the best."""
    whole = [trial for trial in trials if trial.end == "whole"]
    ranked = sorted(whole, key=lambda trial: -sum(trial.gains[task] for task in tasks))
    if not separate:
        return (ranked[0].number,)

    def beaten(trial: TrialResult) -> bool:
        own = [trial.gains[task] for task in tasks]
        others = ([other.gains[task] for task in tasks] for other in whole)
        return any(
            other != own and all(theirs >= ours for theirs, ours in zip(other, own, strict=True))
            for other in others
        )

    return tuple(trial.number for trial in ranked if not beaten(trial))


def told_trials(result: Tuning, asked: int) -> list[str]:
    """Return sentences about trials that failed, and about those that time left out."""
    notes: list[str] = []
    failed = [trial for trial in result.trials if trial.end == "failed"]
    if failed:
        reasons = dict.fromkeys(trial.why or "no reason is known" for trial in failed)
        notes.append(
            f"{len(failed)} of {len(result.trials)} trials failed: {next(iter(reasons))}"
            + (f" (and {len(reasons) - 1} other reasons)" if len(reasons) > 1 else "")
        )
    if len(result.trials) < asked:
        done = f"{len(result.trials)} of {asked} trials"
        told = f"The budget ended the search after {done}. Without it, the same command goes on."
        notes.append(Telling(told))
    return notes

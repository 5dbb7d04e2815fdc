"""Tables of `torso tune`: the search before it begins, and its trials, best settings and verdict."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from torso.studies.tune.tuning import gain_text, settings_text

if TYPE_CHECKING:  # it imports torch
    from torso.studies.tune import TrialResult, Tuning, TuningPlan

__all__ = ["plan_table", "tuning_tables"]

_SHOWN = 5
"""Trials that are listed."""
_OTHER_COLUMNS = 28
"""Characters of a trial's number, mean and epochs."""


def plan_table(plan: TuningPlan) -> RenderableType:
    """Return the free settings, a line each, and the cost."""
    table = _table()
    table.add_column("setting", overflow="fold")
    table.add_column("values", overflow="fold")
    for path, values in plan.space.items():
        table.add_row(Text(path, "cyan"), Text(values))
    return Group(table, Text(), Text(plan.told))


def tuning_tables(tuning: Tuning, width: int = 120) -> RenderableType:
    """Return the best trials, the settings of the best, and the verdict on rows that no trial has seen.

    Args:
        tuning: a `Tuning`.
        width: of the terminal in characters.
    """
    parts: list[RenderableType] = [
        Text(
            f"Trials, by {tuning.rows:,} held-out rows (Δm %, above 0: better than the default)",
            "italic",
        ),
        _trials(tuning, width),
        Text(_counts(tuning)),
        Text(),
    ]
    if others := _front(tuning):
        parts += [Text("Settings of the others of the front", "italic"), *others, Text()]
    if tuning.settings:
        title = "Settings of the best trial" if not tuning.separate else "Settings of the best mean"
        parts += [Text(title, "italic"), _settings(tuning), Text()]
    if tuning.settings and tuning.unseen.tasks:
        parts += [
            Text("On test rows that no trial has seen", "italic"),
            _unseen(tuning),
            Text(),
        ]
    return Group(*parts, Text(tuning.verdict, "bold"))


def _trials(tuning: Tuning, width: int) -> Table:
    """Return the front or the best trials, and the default."""
    ended = [trial for trial in tuning.trials if trial.end == "whole"]
    ranked = sorted(ended, key=lambda trial: -tuning.mean(trial))
    if tuning.separate:
        ranked.sort(key=lambda trial: trial.number not in tuning.front)
    shown = ranked[: max(_SHOWN, len(tuning.front) if tuning.separate else 0)]
    shown += [trial for trial in ranked if trial.default and trial not in shown]
    room = width - _OTHER_COLUMNS - sum(len(task) + 2 for task in tuning.tasks)
    beside = tuning.separate or (len(tuning.tasks) > 1 and room >= 0)
    table = _table()
    table.add_column("trial", no_wrap=True)
    table.add_column("mean" if len(tuning.tasks) > 1 else tuning.tasks[0], justify="right")
    for task in tuning.tasks if beside else ():
        table.add_column(Text(task), justify="right", overflow="fold")
    table.add_column("epochs", justify="right")
    for trial in shown:
        gains = [f"{trial.gains.get(task, math.nan):+.1f}" for task in tuning.tasks if beside]
        table.add_row(_name(trial, tuning), f"{tuning.mean(trial):+.1f}", *gains, str(trial.epochs))
    return table


def _front(tuning: Tuning) -> list[RenderableType]:
    """Return the settings of the trials that no other one beats in every task, but for the best mean and the default."""
    if not tuning.separate:
        return []
    trials = {trial.number: trial for trial in tuning.trials}
    others = [trials[number] for number in tuning.front if number != tuning.best]
    return [
        Text(f"{trial.number}: {settings_text(trial.settings)}")
        for trial in others
        if trial.settings
    ]


def _name(trial: TrialResult, tuning: Tuning) -> Text:
    told = " default" if trial.default else ""
    told += " front" if tuning.separate and trial.number in tuning.front else ""
    return Text(f"{trial.number}{told}", "bold" if trial.number == tuning.best else "")


def _counts(tuning: Tuning) -> str:
    ends = [trial.end for trial in tuning.trials]
    return f"{len(ends)} trials: " + ", ".join(
        f"{ends.count(end)} {end}" for end in dict.fromkeys(ends)
    )


def _settings(tuning: Tuning) -> Table:
    table = _table()
    table.add_column("setting", overflow="fold")
    table.add_column("value", overflow="fold")
    for path, value in tuning.settings.items():
        said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        table.add_row(Text(path, "cyan"), Text(said))
    return table


def _unseen(tuning: Tuning) -> Table:
    table = _table()
    table.add_column("task", overflow="fold")
    table.add_column("Δm %, 95 % interval", justify="right")
    for task, gain in tuning.unseen.tasks.items():
        table.add_row(Text(task), gain_text(gain))
    if len(tuning.unseen.tasks) > 1:
        table.add_row(Text("mean", "bold"), Text(gain_text(tuning.unseen.gain), "bold"))
    return table


def _table() -> Table:
    return Table(box=None, header_style="bold", pad_edge=False)

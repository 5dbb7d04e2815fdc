"""The run beside its additive part, in words: whether modalities interact, or add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torso.evaluation.holm import holm
from torso.studies.importance.additive import additive_outputs, comparable_rows
from torso.studies.importance.judge import Judge
from torso.studies.importance.result import LIKELIHOOD, Interaction
from torso.studies.importance.scoring import RESAMPLES, Scoring
from torso.studies.paired import estimated

__all__ = ["interactions_of"]

_ROWS = 300


def interactions_of(scoring: Scoring) -> tuple[list[Interaction], list[str]]:
    """Return the interactions, and notes on tasks and rows that cannot be judged."""
    heads, every = dict(scoring.answers.heads.pairs()), scoring.judge.tasks
    tasks = [task for task in every if heads[task].statement is not None]
    others = [task for task in every if task not in tasks]
    if len(scoring.modalities) < 2:
        return [], []
    notes = []
    if others:
        notes.append(
            f"No additive part of {', '.join(others)}: answers of this kind cannot be added up."
        )
    present = {name: scoring.present(columns) for name, columns in scoring.modalities.items()}
    groups = comparable_rows(present, _ROWS, scoring.seed)
    if not groups:
        notes.append(
            "Interaction is not judged: fewer than 8 rows have the same two modalities or more."
        )
    if not groups or not tasks:
        return [], notes
    said = additive_outputs(scoring.answers, scoring.modalities, groups, tasks, scoring.seed)
    targets = {task: labels[said.rows] for task, labels in scoring.judge.targets.items()}
    units = None if scoring.rows.groups is None else scoring.rows.groups[said.rows]
    judge = Judge(scoring.predictor, targets, units, RESAMPLES, scoring.seed)
    whole, additive = (
        judge(scoring.answers.predictions(outputs, targets))
        for outputs in (said.whole, said.additive)
    )
    made = []
    for (task, measure), values in whole.items():
        if task in tasks:
            rows, other = judge.tasks[task], additive[task, measure]
            gain, p = estimated(values - other, rows.num_units)
            sign = rows.signed(measure)
            both = sign * float(values[0]), sign * float(other[0])
            made.append(Interaction(task, measure, len(rows.used), *both, gain, p))
    return _together(made), notes


def _together(interactions: Sequence[Interaction]) -> list[Interaction]:
    """Return the interactions with p-values for all tasks together, headlines apart from likelihoods."""
    made = [*interactions]
    for likely in (True, False):
        members = [i for i, each in enumerate(made) if (each.measure == LIKELIHOOD) == likely]
        for index, p in zip(members, holm([made[i].p for i in members]), strict=True):
            made[index] = replace(made[index], p=p)
    return made

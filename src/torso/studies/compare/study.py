"""`torso.compare`: runs on the same held-out rows, with a verdict for each task and over all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from torso.core.errors import ConfigError, RunError
from torso.evaluation.bootstrap import units_of
from torso.evaluation.holm import holm
from torso.runs.predicting.asked import Roots
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.studies.compare.caveats import on_relative, on_seeds
from torso.studies.compare.contender import Contender, Given, Judging, contender
from torso.studies.compare.figures import Figures
from torso.studies.compare.matching import chosen_metric, differently, matched, same_truths
from torso.studies.compare.result import (
    Against,
    Comparison,
    TaskDifference,
    Verdict,
)
from torso.studies.paired import drawn

__all__ = ["between", "compare"]

_LEVEL = 0.05


def compare(
    *runs: Given, table: object = None, root: Roots = (), trust_code: bool = False, seed: int = 0
) -> Comparison:
    """Compare runs with the first of them, the baseline, on the rows that all kept aside.

    A resample of the rows (whole groups, where a run was split by group) judges all runs at once, so the interval of a
    difference is narrower than those of the scores. Of several seeds the mean is compared, and their spread is part of the
    interval. Δm of Maninis 2019 (https://arxiv.org/abs/1904.08918) is the mean over tasks of the change in percent. Differs:
    of metrics that are 0 without inputs, such as R², it is the change of `1 - metric`, as nothing can be divided by 0.

    Args:
        runs: two or more: each a folder, which may hold several seeds, a run, or a list of runs that differ by their seed.
            Runs that have no task in common, as one per task, count as one that answers all tasks.
        table: judge all by this table's rows instead of those that they kept aside.
        root: folders or zips that file columns of the table are relative to.
        trust_code: import parts that runs name by an import path.
        seed: of the resamples.

    Raises:
        ConfigError: fewer than two runs.
        RunError: runs on other tables, without a row in common, without a task in common, or without held-out answers.
    """
    if len(runs) < 2:
        raise ConfigError(
            f"`runs` should be two or more, the baseline first. Found {len(runs)}. Compare A with B: torso compare A B, "
            "torso.compare(A, B)."
        )
    judging = Judging(table, root, trust_code)
    contenders = [contender(given, f"run {at}", judging) for at, given in enumerate(runs)]
    return between(contenders, seed)


def between(contenders: Sequence[Contender], seed: int = 0) -> Comparison:
    """Return the comparison of contenders whose answers are at hand.

    Args:
        contenders: two or more, the baseline first.
        seed: of the resamples.

    Raises:
        RunError: as from `compare`.
    """
    first, *others = contenders
    members = [member for own in contenders for member in own.members]
    held_out, notes = matched(members)
    sides, at = [], 0
    for own in contenders:
        sides.append(_Side(own, held_out[at : at + len(own.members)]))
        at += len(own.members)
    groups = next((own.groups for own in held_out if own.groups is not None), None)
    units = np.arange(len(held_out[0].rows)) if groups is None else units_of(groups)
    told = (*notes, *(note for member in members for note in member.notes), *first.notes)
    against = [
        _Pair(sides[0], side, units, seed).compared((*told, *own.notes))
        for side, own in zip(sides[1:], others, strict=True)
    ]
    return Comparison(
        first.name,
        tuple(_judged(against)),
        len(held_out[0].rows),
        held_out[0].split,
        groups is not None,
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """A contender with its runs' answers to the shared rows."""

    contender: Contender
    held_out: Sequence[HeldOut]

    def tasks(self) -> list[str]:
        """Return the tasks that all its runs have."""
        first, *rest = self.held_out
        return [task for task in first.tasks if all(task in own.tasks for own in rest)]

    def answers(self, task: str) -> list[TaskAnswers]:
        return [own.tasks[task] for own in self.held_out]


@dataclass(frozen=True, eq=False)
class _Pair:
    """The baseline and another contender.

    Attributes:
        first: the baseline.
        second: the other.
        units: the unit (row or group) of each shared row.
        seed: of the resamples.
    """

    first: _Side
    second: _Side
    units: np.ndarray
    seed: int

    def compared(self, notes: Sequence[str]) -> Against:
        """Return the differences; verdicts come last, when all are known."""
        told = list(dict.fromkeys(notes))
        tasks, used, metrics = self._shared(told)
        sides = [
            drawn(
                [
                    [own.of_rows(rows) for own in side.answers(task)]
                    for task, rows in zip(tasks, used, strict=True)
                ],
                used,
                metrics,
                self.units,
                self.seed,
            )
            for side in (self.first, self.second)
        ]
        scores = [self.first.answers(task)[0].scores for task in tasks]
        signs = np.array(
            [
                -1.0 if metric in {*own.errors, *_ERRORS} else 1.0
                for own, metric in zip(scores, metrics, strict=True)
            ]
        )
        skills = np.array(
            [metric in own.skills for own, metric in zip(scores, metrics, strict=True)]
        )
        figures = Figures(sides[0], sides[1], signs, skills)
        differences = [
            figures.task(at, task, metrics[at], scores[at].kind, self.units[used[at]])
            for at, task in enumerate(tasks)
        ]
        overall = figures.overall(len(self.units), len(np.unique(self.units)))
        runs = len(self.first.held_out), len(self.second.held_out)
        told += on_relative(differences) + on_seeds(
            differences, (self.first.contender, self.second.contender)
        )
        return Against(self.second.contender.name, runs, tuple(differences), overall, tuple(told))

    def _shared(self, told: list[str]) -> tuple[list[str], list[np.ndarray], list[str]]:
        """Return the tasks that can be compared, their rows and metrics; tell of the others."""
        names = self.first.contender.name, self.second.contender.name
        ours, theirs = self.first.tasks(), self.second.tasks()
        for own, other, name in ((ours, theirs, names[0]), (theirs, ours, names[1])):
            alone = [task for task in own if task not in other]
            if alone:
                told.append(f"Only {name} answers {', '.join(alone)}: not compared.")
        tasks, used, metrics = [], [], []
        for task in ours:
            if task not in theirs:
                continue
            answers = [*self.first.answers(task), *self.second.answers(task)]
            unlike = next((own for own in answers if not same_truths(answers[0], own)), None)
            if unlike is not None:
                how = differently(answers[0], unlike, task)
                told.append(f"{task}: not compared, as the runs read its labels {how}")
                continue
            rows = np.flatnonzero(answers[0].labelled)
            some = [own.of_rows(rows) for own in answers]
            cut = len(self.first.held_out)
            metric = chosen_metric(some[:cut], some[cut:])
            if metric is None:
                told.append(f"{task}: not compared, as the runs share no metric.")
                continue
            if metric != answers[0].scores.headline:
                told.append(
                    f"{task}: compared by {_word(answers[0], metric)}, which both have; their headlines differ."
                )
            if not answers[0].whole:
                told.append(
                    f"{task}: answers are too large to keep, so {_word(answers[0], metric)} is the mean over rows, not that of the "
                    "report."
                )
            tasks.append(task)
            used.append(rows)
            metrics.append(metric)
        if not tasks:
            raise RunError(
                f"{names[0]!r} and {names[1]!r} have no task in common that could be compared. {' '.join(told)}"
            )
        return tasks, used, metrics


def _word(own: TaskAnswers, metric: str) -> str:
    return own.scores.words.get(metric, metric.replace("_", " "))


_ERRORS = ("log_loss", "interval_score")


def _judged(against: Sequence[Against]) -> list[Against]:
    """Return the comparisons with Holm's correction over all tasks of all runs, and over the runs for all tasks."""
    tasks = [own.p for other in against for own in other.tasks]
    corrected = iter(holm(tasks))
    overall = iter(holm([other.overall.p for other in against]))
    return [
        replace(
            other,
            tasks=tuple(
                _with_verdict(own, next(corrected), own.difference.value) for own in other.tasks
            ),
            overall=_with_verdict(other.overall, next(overall), other.overall.delta_m.value),
        )
        for other in against
    ]


def _with_verdict(own: TaskDifference, p: float, value: float) -> TaskDifference:
    verdict: Verdict = "no evidence either way"
    if not np.isfinite(value):
        verdict = "undefined"
    elif p < _LEVEL:
        verdict = "helps" if value > 0 else "hurts"
    return replace(own, p_holm=p, verdict=verdict)

"""`torso.compare`: runs on the same held-out rows, with a verdict for each task and over all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from torso.core.errors import ConfigError, RunError
from torso.evaluation.bootstrap import units_of
from torso.evaluation.estimate import Estimate
from torso.evaluation.holm import holm
from torso.runs.predicting.asked import Roots
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.studies.compare.contender import Contender, Given, Judging, contender
from torso.studies.compare.differences import (
    Draws,
    Weighed,
    chosen_metric,
    drawn,
    relative,
    weighed,
)
from torso.studies.compare.matching import matched, same_truths
from torso.studies.compare.result import (
    OVERALL,
    Against,
    Comparison,
    TaskDifference,
    Verdict,
)

__all__ = ["compare"]

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
        figures = _Figures(sides[0], sides[1], signs, skills)
        differences = [
            figures.task(at, task, metrics[at], scores[at].kind, self.units[used[at]])
            for at, task in enumerate(tasks)
        ]
        overall = figures.overall(len(self.units), len(np.unique(self.units)))
        runs = len(self.first.held_out), len(self.second.held_out)
        told += _on_relative(differences) + _on_seeds(differences, runs)
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
            if not all(same_truths(answers[0], own) for own in answers[1:]):
                told.append(
                    f"{task}: not compared, as the runs read its labels differently (as {answers[0].kind} and "
                    f"{answers[-1].kind}). Give both the same kind: --set targets.{task}.kind={answers[0].kind}"
                )
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
                    f"{task}: compared by {metric}, which both have; the headlines are {answers[0].scores.headline} and "
                    f"{answers[-1].scores.headline}."
                )
            if not answers[0].whole:
                told.append(
                    f"{task}: answers are too large to keep, so {metric} is the mean over rows, not that of the report."
                )
            tasks.append(task)
            used.append(rows)
            metrics.append(metric)
        if not tasks:
            raise RunError(
                f"{names[0]!r} and {names[1]!r} have no task in common that could be compared. {' '.join(told)}"
            )
        return tasks, used, metrics


_ERRORS = ("log_loss", "interval_score")


@dataclass(frozen=True, eq=False)
class _Figures:
    """Metrics of both contenders, `[.., tasks]`."""

    first: Draws
    second: Draws
    signs: np.ndarray
    skills: np.ndarray

    def task(self, at: int, task: str, metric: str, kind: str, units: np.ndarray) -> TaskDifference:
        """Return the difference of one task."""
        sign, count = self.signs[at], len(np.unique(units))
        one, two = self.first, self.second
        value = float(sign * (two.mean[at] - one.mean[at]))
        seeds = one.point[:, at], two.point[:, at]
        own = weighed(value, sign * (two.resampled[:, at] - one.resampled[:, at]), seeds, count)
        delta = self._relative([at], count)
        return TaskDifference(
            task=task,
            kind=kind,
            metric=metric,
            labels=len(units),
            first=float(one.mean[at]),
            second=float(two.mean[at]),
            seeds=(_ends(seeds[0]), _ends(seeds[1])),
            difference=own.difference,
            delta_m=delta.difference,
            over_rows=own.over_rows,
            over_seeds=own.over_seeds,
            p=own.p,
            p_holm=own.p,
            verdict="undefined",
        )

    def overall(self, rows: int, units: int) -> TaskDifference:
        """Return Δm over the tasks where it is defined."""
        nothing = float("nan")
        whole = relative(self.first.mean, self.second.mean, self.signs, self.skills)
        known = [int(at) for at in np.flatnonzero(np.isfinite(whole))]
        own = self._relative(known, units)
        return TaskDifference(
            task=OVERALL,
            kind="",
            metric="",
            labels=rows,
            first=nothing,
            second=nothing,
            seeds=((nothing, nothing), (nothing, nothing)),
            difference=Estimate(nothing),
            delta_m=own.difference,
            over_rows=own.over_rows,
            over_seeds=own.over_seeds,
            p=own.p,
            p_holm=own.p,
            verdict="undefined",
        )

    def _relative(self, tasks: list[int], units: int) -> Weighed:
        """Return Δm over some tasks."""
        signs, skills = self.signs[tasks], self.skills[tasks]

        def mean(first: np.ndarray, second: np.ndarray) -> np.ndarray:
            if not tasks:
                return np.full(np.broadcast(first, second).shape[:-1], np.nan)
            return np.asarray(relative(first, second, signs, skills).mean(axis=-1))

        one, two = self.first.mean[tasks], self.second.mean[tasks]
        return weighed(
            float(mean(one, two)),
            mean(self.first.resampled[:, tasks], self.second.resampled[:, tasks]),
            (mean(self.first.point[:, tasks], two), mean(one, self.second.point[:, tasks])),
            units,
        )


def _ends(values: np.ndarray) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _on_relative(differences: Sequence[TaskDifference]) -> list[str]:
    """Return a note on the tasks that Δm over all tasks leaves out."""
    out = [
        own.task
        for own in differences
        if np.isfinite(own.difference.value) and not np.isfinite(own.delta_m.value)
    ]
    if not out:
        return []
    return [
        f"Δm leaves out {', '.join(out)}: the baseline's figure is 0 or perfect, so no change in percent of it is defined. "
        "The difference stands."
    ]


def _on_seeds(differences: Sequence[TaskDifference], runs: tuple[int, int]) -> list[str]:
    """Return notes on runs of one seed, and on seeds that disagree."""
    if max(runs) == 1:
        return [
            "One run each: the verdicts are about these two trainings. Another seed may turn them. More seeds: torso fit "
            "--config RUN/run.yaml --seeds 5 -o NEW"
        ]
    told = []
    if min(runs) == 1:
        told.append(
            f"{runs[0]} and {runs[1]} seeds: the one that has a single run is taken to vary as much as the other."
        )
    for own in differences:
        if own.over_seeds > 2 * own.over_rows:
            (low, high), (least, most) = own.seeds
            told.append(
                f"{own.task}: the seeds disagree. {own.word} is {low:.3g} to {high:.3g} over those of the baseline, {least:.3g} "
                f"to {most:.3g} over those of the run: more than the rows explain."
            )
    return told


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

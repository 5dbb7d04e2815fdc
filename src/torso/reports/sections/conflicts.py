"""Conflicts between tasks: cosines of their gradients, from the balancer's looks in the log."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np

from torso.reports.charts import Shade, heat_table
from torso.reports.context import Context, Figure
from torso.reports.html import Content, Html, element
from torso.reports.material import Material
from torso.reports.sections.section import Section, beside, signed
from torso.training import Look

__all__ = ["conflicts", "mean_cosines"]

MOST_TASKS = 30


def conflicts(context: Context) -> Section | None:
    """Return a matrix of mean cosines per run; None where no run has looks."""
    say = context.say
    if not any(run.looks for run in context.runs):
        return None
    rows = []
    for run in context.runs:
        if run.looks:
            tasks = list(run.looks[0].losses)
            cosines, looks = mean_cosines(run.looks)
            rows += [
                (run.name, first, second, float(cosines[i, j]), int(looks[i, j]))
                for i, first in enumerate(tasks)
                for j, second in enumerate(tasks)
                if i < j
            ]
    body = context.figure(
        Figure("conflicts", ("run", "task", "other", "cosine", "looks"), rows),
        beside(context, lambda run: _matrix(context, run)),
        title=say("conflicts.cosines"),
        about=say("conflicts.about"),
    )
    return Section("conflicts", say("conflicts.title"), body)


def _matrix(context: Context, run: Material) -> Content:
    say = context.say
    if not run.looks:
        return None
    tasks = list(run.looks[0].losses)
    cosines, _ = mean_cosines(run.looks)
    cut: Html | None = None
    if len(tasks) > MOST_TASKS:
        worst = np.argsort(np.nanmin(np.where(np.isnan(cosines), 1.0, cosines), axis=1))
        kept = sorted(worst[:MOST_TASKS].tolist())
        cut = element("p", say("conflicts.cut", shown=MOST_TASKS, count=len(tasks)), class_="told")
        tasks, cosines = [tasks[number] for number in kept], cosines[np.ix_(kept, kept)]
    told = element("p", _in_words(context, run, cosines, tasks))
    shades = [
        [
            Shade(signed(cell, 2) if i != j else "1", cell if i != j else math.nan)
            for j, cell in enumerate(row)
        ]
        for i, row in enumerate(cosines.tolist())
    ]
    table = heat_table(say("column.task"), tasks, tasks, shades)
    return [told, cut, table]


def _in_words(context: Context, run: Material, cosines: np.ndarray, tasks: Sequence[str]) -> str:
    """Return how often gradients conflicted, and the pair that conflicted most."""
    say, share = context.say, run.report.training.balancing.conflicts
    words = say("conflicts.looks", count=len(run.looks))
    if share is not None:
        words += " " + say("conflicts.share", share=f"{share:.0%}")
    pairs = [
        (float(cosines[i, j]), tasks[i], tasks[j])
        for i in range(len(tasks))
        for j in range(i + 1, len(tasks))
        if math.isfinite(cosines[i, j])
    ]
    if pairs:
        cosine, first, second = min(pairs)
        key = "conflicts.least" if cosine < 0 else "conflicts.agree"
        words += " " + say(key, first=first, second=second, cosine=signed(cosine, 2))
    return words


def mean_cosines(looks: Sequence[Look]) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean cosine of each pair of tasks and the number of looks behind it, both `[tasks, tasks]`.

    >>> look = Look(1, 1, {"a": 1.0, "b": 1.0}, {}, [[4.0, -1.0], [-1.0, 1.0]])
    >>> mean_cosines([look])[0].tolist()
    [[1.0, -0.5], [-0.5, 1.0]]
    """
    grams = np.array([[[_number(cell) for cell in row] for row in look.gram] for look in looks])
    sizes = np.sqrt(np.diagonal(grams, axis1=1, axis2=2))  # [looks, tasks]
    with np.errstate(invalid="ignore", divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of no look is NaN
        cosines = grams / (sizes[:, :, None] * sizes[:, None, :])
        return np.nanmean(cosines, axis=0), np.isfinite(cosines).sum(axis=0)


def _number(cell: float | None) -> float:
    return math.nan if cell is None else float(cell)

"""Answers beside truths on held-out rows: confusion of classes, numbers over numbers, and calibration."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from torso.evaluation.bootstrap import resamples_of
from torso.evaluation.wording import number_text
from torso.reports.charts import Point, Shade, heat_table, point_panel
from torso.reports.context import Context, Figure
from torso.reports.html import Content, Html, element
from torso.reports.material import Material
from torso.reports.sections.section import Section, beside
from torso.runs.report.held_out import TaskAnswers

__all__ = ["answers", "calibration_error", "class_names", "confusion_of"]

_CLASSES = ("category", "binary", "ordinal")
_NUMBERS = ("number", "count")
_MOST_CLASSES, _MOST_POINTS, _MOST_TASKS, _BINS = 20, 250, 8, 10


def answers(context: Context) -> Section | None:
    """Return confusion, numbers over numbers and calibration; None if no run kept its answers."""
    writers = ((_confusion, _CLASSES), (_numbers, _NUMBERS), (_calibration, _CLASSES))
    parts: list[Content] = [
        write(context)
        for write, kinds in writers
        if any(list(_tasks(run, kinds)) for run in context.runs)
    ]
    if not parts:
        return None
    without = [run.name for run in context.runs if run.held_out is None]
    if without:
        told = context.say("answers.none", runs=context.say("list.comma").join(without))
        parts.insert(0, element("p", told, class_="told"))
    return Section("answers", context.say("answers.title"), parts)


def _tasks(run: Material, kinds: Sequence[str]) -> Iterator[tuple[str, TaskAnswers]]:
    """Yield the tasks of some kinds whose answers were kept, with their labelled rows."""
    if run.held_out is None:
        return
    for task, own in run.held_out.tasks.items():
        if own.kind in kinds and own.whole and own.labelled.any():
            yield task, own.of_rows(np.flatnonzero(own.labelled))


def class_names(own: TaskAnswers, run: Material, task: str) -> list[str]:
    """Return the names of the classes, in the order of their numbers."""
    if own.kind == "binary":
        positive = run.report.tasks[task].positive if task in run.report.tasks else ""
        names = list(own.names) or ["no", positive or "yes"]
    else:
        names = list(own.names)
    count = max(len(names), 1 + int(max(own.truth.max(initial=0), 0)))
    return [names[at] if at < len(names) else "?" for at in range(count)]


def confusion_of(own: TaskAnswers, count: int) -> np.ndarray:
    """Return rows by truth and answer, int `[classes, classes]`; every row must have a label."""
    told = own.scores.plain_answers(own.answer, own.details).astype(np.intp)
    table = np.zeros((count, count), np.intp)
    np.add.at(table, (own.truth.astype(np.intp), told), 1)
    return table


def _confusion(context: Context) -> Html:
    say = context.say
    rows = []
    for run in context.runs:
        for task, own in _tasks(run, _CLASSES):
            names = class_names(own, run, task)
            counts = confusion_of(own, len(names))
            rows += [
                (run.name, task, names[i], names[j], int(counts[i, j]))
                for i, j in zip(*np.nonzero(counts), strict=True)
            ]
    return context.figure(
        Figure("confusion", ("run", "task", "truth", "answer", "rows"), rows),
        beside(context, lambda run: _confusions(context, run)),
        title=say("answers.confusion"),
        about=say("answers.confusion_about"),
    )


def _confusions(context: Context, run: Material) -> Content:
    tables = []
    for task, own in list(_tasks(run, _CLASSES))[:_MOST_TASKS]:
        names = class_names(own, run, task)
        counts = confusion_of(own, len(names))
        cut = None
        if len(names) > _MOST_CLASSES:
            wrong = counts.sum(0) + counts.sum(1) - 2 * np.diagonal(counts)
            kept = np.sort(np.argsort(-wrong, kind="stable")[:_MOST_CLASSES])
            names, counts = [names[at] for at in kept], counts[np.ix_(kept, kept)]
            cut = element(
                "p", context.say("answers.classes_cut", shown=_MOST_CLASSES), class_="told"
            )
        tables.append(
            element("div", element("h4", task), cut, _table(context, names, counts), data_task=task)
        )
    return element("div", tables, class_="tables") if tables else None


def _table(context: Context, names: list[str], counts: np.ndarray) -> Html:
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    cells = [
        [
            Shade(
                f"{count:,}" if count else "·",
                (share if i == j else -share) if count else math.nan,
                context.say(
                    "answers.cell",
                    truth=names[i],
                    answer=names[j],
                    rows=f"{count:,}",
                    share=f"{share:.0%}",
                ),
            )
            for j, (count, share) in enumerate(zip(row, own, strict=True))
        ]
        for i, (row, own) in enumerate(zip(counts.tolist(), shares.tolist(), strict=True))
    ]
    return heat_table(context.say("answers.corner"), names, names, cells)


def _numbers(context: Context) -> Html:
    say = context.say
    rows = [
        (run.name, task, float(truth), float(answer))
        for run in context.runs
        for task, own in _tasks(run, _NUMBERS)
        for truth, answer in zip(*_some(own), strict=True)
    ]
    return context.figure(
        Figure("numbers", ("run", "task", "truth", "answer"), rows),
        beside(context, lambda run: _scatters(context, run)),
        title=say("answers.numbers"),
        about=say("answers.numbers_about", most=_MOST_POINTS),
    )


def _some(own: TaskAnswers) -> tuple[np.ndarray, np.ndarray]:
    """Return truths and answers of some rows, evenly spread."""
    count = len(own.truth)
    rows = np.unique(np.linspace(0, count - 1, min(count, _MOST_POINTS)).astype(np.intp))
    return own.truth[rows], own.scores.plain_answers(own.answer, own.details)[rows]


def _scatters(context: Context, run: Material) -> Content:
    say, panels = context.say, []
    for task, own in list(_tasks(run, _NUMBERS))[:_MOST_TASKS]:
        truths, told = _some(own)
        if told.ndim > 1:
            continue
        points = [
            Point(
                float(truth),
                float(answer),
                f"{say('answers.truth')} {number_text(float(truth))}\n{say('answers.answer')} {number_text(float(answer))}",
                run.colour,
                size=3.5,
            )
            for truth, answer in zip(truths, told, strict=True)
        ]
        described = say("answers.numbers_described", task=task, rows=len(points))
        names = (say("answers.truth"), say("answers.answer"))
        panels.append(
            element(
                "div", point_panel(task, points, names, described, diagonal=True), data_task=task
            )
        )
    return element("div", panels, class_="panels square") if panels else None


def _stated(own: TaskAnswers) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability of the answered class, and whether it is right, both `[rows]`."""
    if own.kind == "binary":
        return own.answer.astype(np.float64), (own.truth == 1).astype(np.float64)
    likeliest = own.answer.argmax(axis=1)
    return own.answer.max(axis=1).astype(np.float64), (likeliest == own.truth).astype(np.float64)


def calibration_error(
    stated: np.ndarray, right: np.ndarray, seed: int = 0
) -> tuple[float, float, float]:
    """Return the expected calibration error over ten bins of equal width, with a 95 % bootstrap interval.

    >>> calibration_error(np.full(4, 0.75), np.array([1.0, 1.0, 1.0, 0.0]))[0]
    0.0
    """
    bins = np.minimum((stated * _BINS).astype(np.intp), _BINS - 1)
    gaps = (stated - right)[:, None] * (bins[:, None] == np.arange(_BINS))  # [rows, bins]
    value = float(np.abs(gaps.sum(axis=0)).sum() / len(stated))
    drawn = [
        np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1)
        for weights in resamples_of(np.arange(len(stated)), 500, seed)
    ]
    if not drawn:
        return value, math.nan, math.nan
    low, high = np.quantile(np.concatenate(drawn), (0.025, 0.975))
    return value, float(low), float(high)


def _calibration(context: Context) -> Html:
    say, rows = context.say, []
    for run in context.runs:
        for task, own in _tasks(run, _CLASSES):
            rows += [(run.name, task, *part) for part in _bins(*_stated(own))]
    return context.figure(
        Figure("calibration", ("run", "task", "stated", "right", "low", "high", "rows"), rows),
        beside(context, lambda run: _reliabilities(context, run)),
        title=say("answers.calibration"),
        about=say("answers.calibration_about"),
    )


def _bins(stated: np.ndarray, right: np.ndarray) -> list[tuple[float, float, float, float, int]]:
    """Return mean statement, share that is right with Wilson's interval, and rows, of each bin with rows."""
    bins = np.minimum((stated * _BINS).astype(np.intp), _BINS - 1)
    parts = []
    for at in range(_BINS):
        inside = bins == at
        if count := int(inside.sum()):
            share = float(right[inside].mean())
            middle = (share + 1.92 / count) / (1 + 3.84 / count)
            reach = (
                1.96 * math.sqrt(share * (1 - share) / count + 0.96 / count**2) / (1 + 3.84 / count)
            )
            parts.append(
                (
                    float(stated[inside].mean()),
                    share,
                    max(0.0, middle - reach),
                    min(1.0, middle + reach),
                    count,
                )
            )
    return parts


def _reliabilities(context: Context, run: Material) -> Content:
    say, panels = context.say, []
    for task, own in list(_tasks(run, _CLASSES))[:_MOST_TASKS]:
        stated, right = _stated(own)
        error = calibration_error(stated, right)
        most = max(part[4] for part in _bins(stated, right))
        points = [
            Point(
                mean,
                share,
                say(
                    "answers.bin",
                    stated=f"{mean:.2f}",
                    right=f"{share:.2f}",
                    low=f"{low:.2f}",
                    high=f"{high:.2f}",
                    rows=f"{count:,}",
                ),
                run.colour,
                low,
                high,
                3 + 4 * math.sqrt(count / most),
            )
            for mean, share, low, high, count in _bins(stated, right)
        ]
        told = say(
            "answers.error", value=f"{error[0]:.3f}", low=f"{error[1]:.3f}", high=f"{error[2]:.3f}"
        )
        names = (say("answers.stated"), say("answers.right"))
        panel = point_panel(task, points, names, f"{task}: {told}", diagonal=True, unit=True)
        panels.append(element("div", panel, element("p", told, class_="about"), data_task=task))
    return element("div", panels, class_="panels square") if panels else None

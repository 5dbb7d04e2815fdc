"""Answers beside truths on held-out rows: confusion of classes, numbers over numbers, and calibration."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from torso.evaluation.wording import number_text
from torso.reports.charts import Point, Shade, heat_table, point_panel
from torso.reports.context import Context, Figure
from torso.reports.html import Content, Html, element
from torso.reports.material import Material
from torso.reports.sections.section import Section, beside
from torso.runs.report.held_out import TaskAnswers
from torso.studies.slices.calibration import Calibration, calibration_of
from torso.studies.slices.confusion import Confusion, chosen_classes, confusion_of

__all__ = ["answers"]

_CLASSES = ("category", "binary", "ordinal")
_NUMBERS = ("number", "count")
_MOST_CLASSES, _MOST_POINTS, _MOST_TASKS = 20, 250, 8


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


def _counted(run: Material) -> Iterator[tuple[str, Confusion]]:
    """Yield the tasks that answer with a class, with their rows by truth and answer."""
    for task, own in _tasks(run, _CLASSES):
        chosen = chosen_classes(own)
        if chosen is not None:
            yield task, confusion_of(own, chosen)


def _confusion(context: Context) -> Html:
    say = context.say
    rows = []
    for run in context.runs:
        for task, own in _counted(run):
            rows += [
                (run.name, task, own.names[i], own.names[j], own.counts[i][j])
                for i, j in zip(*np.nonzero(np.array(own.counts)), strict=True)
            ]
    return context.figure(
        Figure("confusion", ("run", "task", "truth", "answer", "rows"), rows),
        beside(context, lambda run: _confusions(context, run)),
        title=say("answers.confusion"),
        about=say("answers.confusion_about"),
    )


def _confusions(context: Context, run: Material) -> Content:
    tables = []
    for task, own in list(_counted(run))[:_MOST_TASKS]:
        names, counts = list(own.names), np.array(own.counts)
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


def _calibrations(run: Material) -> dict[str, Calibration]:
    """Return the calibration of each task that answers with a class."""
    if run.held_out is None:
        return {}
    seed = int(run.config.get("seed", 0))
    own = {
        task: calibration_of(run.held_out.tasks[task], run.held_out.groups, seed)
        for task, _ in _tasks(run, _CLASSES)
    }
    return {task: known for task, known in own.items() if known is not None}


def _calibration(context: Context) -> Html:
    say = context.say
    known = {run.name: _calibrations(run) for run in context.runs}
    rows = [
        (name, task, part.said, part.held.value, part.held.low, part.held.high, part.rows)
        for name, tasks in known.items()
        for task, own in tasks.items()
        for part in own.bins
    ]
    return context.figure(
        Figure("calibration", ("run", "task", "stated", "right", "low", "high", "rows"), rows),
        beside(context, lambda run: _reliabilities(context, run, known[run.name])),
        title=say("answers.calibration"),
        about=say("answers.calibration_about"),
    )


def _reliabilities(
    context: Context, run: Material, calibrations: Mapping[str, Calibration]
) -> Content:
    say, panels = context.say, []
    for task, own in list(calibrations.items())[:_MOST_TASKS]:
        points = [
            Point(
                part.said,
                part.held.value,
                say(
                    "answers.bin",
                    stated=f"{part.said:.2f}",
                    right=f"{part.held.value:.2f}",
                    low=f"{part.held.low:.2f}",
                    high=f"{part.held.high:.2f}",
                    rows=f"{part.rows:,}",
                ),
                run.colour,
                part.held.low,
                part.held.high,
                5,
            )
            for part in own.bins
        ]
        told = say(
            "answers.error",
            value=f"{own.error:.3f}",
            chance=f"{own.by_chance:.3f}",
            limit=f"{own.limit:.3f}",
            verdict=say(f"answers.calibrated.{own.verdict.replace(' ', '_')}"),
        )
        names = (say("answers.stated"), say("answers.right"))
        panel = point_panel(task, points, names, f"{task}: {told}", diagonal=True, unit=True)
        panels.append(element("div", panel, element("p", told, class_="about"), data_task=task))
    return element("div", panels, class_="panels square") if panels else None

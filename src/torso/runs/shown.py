"""A run and its scores at a glance: their `repr`, and their form in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Protocol

from torso.evaluation.report import TaskReport
from torso.evaluation.wording import estimate_text, number_text
from torso.runs.report import RunReport
from torso.runs.schema import Schema
from torso.tasks import Decision, words_of

__all__ = ["Reports", "as_html", "as_text"]

_HEADER = ("task", "kind", "metric", "value", "baseline", "verdict", "labels")


class Reports(dict[str, TaskReport]):
    """Task -> its scores; shown as a table with the headline metric of each.

    >>> from torso.evaluation.report import Estimate
    >>> Reports(loud=TaskReport("binary", 90, 80, None, "accuracy", {"accuracy": Estimate(0.9)}, {"accuracy": 0.6}))
    task  kind    metric    value  baseline  verdict    labels
    loud  binary  accuracy  0.900  0.600     undefined  80
    """

    def __repr__(self) -> str:
        """Return a line per task below a header."""
        return "\n".join(_lines(self))

    def _repr_html_(self) -> str:
        """Return the same as a table of HTML; all names are escaped."""
        return _table(self)


class Shown(Protocol):
    """A run as far as it is shown."""

    @property
    def report(self) -> RunReport:
        """Return the results."""

    @property
    def schema(self) -> Schema:
        """Return the fitted schema."""

    @property
    def folder(self) -> Path | None:
        """Return where it lies; None if in memory."""

    @property
    def decisions(self) -> Mapping[str, Decision]:
        """Return task -> thresholds that its answers go by."""


def as_text(run: Shown) -> str:
    """Return a heading, a line per task with its headline metric, thresholds, and the notes."""
    lines = [f"  {line}" for line in [*_lines(run.report.tasks), *_decisions(run)]]
    notes = [f"note: {note}" for note in run.report.notes]
    return "\n".join([_heading(run), *lines, *notes])


def as_html(run: Shown) -> str:
    """Return the same as a table of HTML; all names are escaped."""
    lines = (*_decisions(run), *run.report.notes)
    notes = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return (
        f"<div><p>{escape(_heading(run))}</p>{_table(run.report.tasks)}"
        + (f"<ul>{notes}</ul>" if notes else "")
        + "</div>"
    )


def _lines(reports: Mapping[str, TaskReport]) -> list[str]:
    rows = [_HEADER, *(_row(task, scores) for task, scores in reports.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _decisions(run: Shown) -> list[str]:
    """Return a line for each task that is answered by thresholds."""
    lines = []
    for task, decision in run.decisions.items():
        words = words_of(run.schema.targets[task].kind)
        how = "set by hand"
        if decision.metric:
            how = f"chosen for {words.get(decision.metric, decision.metric.replace('_', ' '))}"
        line = f"{task}: thresholds {how}: {decision.shown()}"
        if (report := run.report.decisions.get(task)) is not None:
            metric = words.get(report.metric, report.metric.replace("_", " "))
            line += (
                f"; {metric} {number_text(report.before)} without, {number_text(report.after)} with, "
                f"gain {estimate_text(report.gain)}"
            )
        lines.append(line)
    return lines


def _table(reports: Mapping[str, TaskReport]) -> str:
    head = "".join(f"<th>{cell}</th>" for cell in _HEADER)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _row(task, scores)) + "</tr>"
        for task, scores in reports.items()
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _heading(run: Shown) -> str:
    report, schema, folder = run.report, run.schema, run.folder
    rows = report.usage.rows.get(report.split, 0)
    where = "in memory" if folder is None else f"in {folder}"
    return (
        f"Torso run {where}: {', '.join(schema.modalities)} -> {', '.join(schema.targets)}; trained on "
        f"{report.usage.rows_trained:,} rows, judged on {rows:,} {report.split} rows"
    )


def _row(task: str, report: TaskReport) -> tuple[str, ...]:
    metric = report.headline
    return (
        task,
        report.kind,
        words_of(report.kind).get(metric, metric.replace("_", " ")),
        estimate_text(report.metrics[metric]),
        number_text(report.baseline[metric]),
        report.verdict() or "undefined",
        f"{report.labels:,}",
    )

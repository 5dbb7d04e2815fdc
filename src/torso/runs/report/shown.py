"""A run and its scores at a glance: their `repr`, and their form in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Protocol

from torso.evaluation.report import TaskReport
from torso.evaluation.wording import estimate_text, number_text
from torso.runs.report.report import RunReport
from torso.runs.schema.schema import Schema
from torso.tasks import Decision, words_of

__all__ = ["Reports", "aligned", "as_html", "as_text", "html_notes", "html_table"]

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
        return "\n".join(aligned(_rows(self)))

    def _repr_html_(self) -> str:
        """Return the same as a table of HTML; all names are escaped."""
        return html_table(_rows(self))


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
    lines = [f"  {line}" for line in [*aligned(_rows(run.report.tasks)), *_decisions(run)]]
    notes = [f"note: {note}" for note in run.report.notes]
    return "\n".join([_heading(run), *lines, *notes])


def as_html(run: Shown) -> str:
    """Return the same as a table of HTML; all names are escaped."""
    table = html_table(_rows(run.report.tasks))
    notes = html_notes([*_decisions(run), *run.report.notes])
    return f"<div><p>{escape(_heading(run))}</p>{table}{notes}</div>"


def html_notes(notes: Iterable[str]) -> str:
    """Return notes as a list of HTML; nothing where there are none."""
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<ul>{items}</ul>" if items else ""


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a line per row, its columns below each other; the first row is the header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
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


def html_table(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows as a table of HTML in the page's own colours, the first as its header; all cells are escaped."""
    header, *body = rows
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    lines = ("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _rows(reports: Mapping[str, TaskReport]) -> list[tuple[str, ...]]:
    return [_HEADER, *(_row(task, scores) for task, scores in reports.items())]


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

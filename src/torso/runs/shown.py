"""A run and its scores at a glance: their `repr`, and their form in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from torso.evaluation.report import TaskReport
from torso.evaluation.wording import estimate_text, number_text
from torso.runs.report import RunReport
from torso.runs.schema import Schema
from torso.tasks import words_of

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


def as_text(report: RunReport, schema: Schema, folder: Path | None) -> str:
    """Return a heading, a line per task with its headline metric, and the notes."""
    lines = [f"  {line}" for line in aligned(_rows(report.tasks))]
    notes = [f"note: {note}" for note in report.notes]
    return "\n".join([_heading(report, schema, folder), *lines, *notes])


def as_html(report: RunReport, schema: Schema, folder: Path | None) -> str:
    """Return the same as a table of HTML; all names are escaped."""
    heading = escape(_heading(report, schema, folder))
    table = html_table(_rows(report.tasks))
    return f"<div><p>{heading}</p>{table}{html_notes(report.notes)}</div>"


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


def html_table(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows as a table of HTML in the page's own colours, the first as its header; all cells are escaped."""
    header, *body = rows
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    lines = ("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _rows(reports: Mapping[str, TaskReport]) -> list[tuple[str, ...]]:
    return [_HEADER, *(_row(task, scores) for task, scores in reports.items())]


def _heading(report: RunReport, schema: Schema, folder: Path | None) -> str:
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

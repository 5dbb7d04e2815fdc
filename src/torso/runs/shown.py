"""A run at a glance: `repr(run)` and its form in a notebook."""

from __future__ import annotations

from html import escape
from pathlib import Path

from torso.evaluation.report import TaskReport
from torso.evaluation.wording import estimate_text, number_text
from torso.runs.report import RunReport
from torso.runs.schema import Schema
from torso.tasks import words_of

__all__ = ["as_html", "as_text"]

_HEADER = ("task", "kind", "metric", "value", "baseline", "verdict", "labels")


def as_text(report: RunReport, schema: Schema, folder: Path | None) -> str:
    """Return a heading, a line per task with its headline metric, and the notes."""
    rows = [_HEADER, *_rows(report)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    notes = [f"note: {note}" for note in report.notes]
    return "\n".join([_heading(report, schema, folder), *(f"  {line}" for line in lines), *notes])


def as_html(report: RunReport, schema: Schema, folder: Path | None) -> str:
    """Return the same as a table of HTML; all names are escaped."""
    head = "".join(f"<th>{cell}</th>" for cell in _HEADER)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in _rows(report)
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in report.notes)
    return (
        f"<div><p>{escape(_heading(report, schema, folder))}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        + (f"<ul>{notes}</ul>" if notes else "")
        + "</div>"
    )


def _heading(report: RunReport, schema: Schema, folder: Path | None) -> str:
    rows = report.usage.rows.get(report.split, 0)
    where = "in memory" if folder is None else f"in {folder}"
    return (
        f"Torso run {where}: {', '.join(schema.modalities)} -> {', '.join(schema.targets)}; trained on "
        f"{report.usage.rows_trained:,} rows, judged on {rows:,} {report.split} rows"
    )


def _rows(report: RunReport) -> list[tuple[str, ...]]:
    return [_row(task, scores) for task, scores in report.tasks.items()]


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

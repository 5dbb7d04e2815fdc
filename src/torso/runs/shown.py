"""A run at a glance: `repr(run)` and its form in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from torso.evaluation.report import TaskReport
from torso.evaluation.wording import estimate_text, metric_word, number_text

if TYPE_CHECKING:
    from torso.runs.predictor import Predictor

__all__ = ["as_html", "as_text"]

_HEADER = ("task", "kind", "metric", "value", "baseline", "verdict", "labels")


def as_text(run: Predictor) -> str:
    """Return a heading, a line per task with its headline metric, and the notes."""
    rows = [_HEADER, *_rows(run)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    notes = [f"note: {note}" for note in run.notes]
    return "\n".join([_heading(run), *(f"  {line}" for line in lines), *notes])


def as_html(run: Predictor) -> str:
    """Return the same as a table of HTML; all names are escaped."""
    head = "".join(f"<th>{cell}</th>" for cell in _HEADER)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in _rows(run)
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in run.notes)
    return (
        f"<div><p>{escape(_heading(run))}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        + (f"<ul>{notes}</ul>" if notes else "")
        + "</div>"
    )


def _heading(run: Predictor) -> str:
    report = run.report
    rows = report.usage.rows.get(report.split, 0)
    where = "in memory" if run.folder is None else f"in {run.folder}"
    return (
        f"Torso run {where}: {', '.join(run.schema.modalities)} -> {', '.join(run.schema.targets)}; trained on "
        f"{report.usage.rows_trained:,} rows, judged on {rows:,} {report.split} rows"
    )


def _rows(run: Predictor) -> list[tuple[str, ...]]:
    return [_row(task, report) for task, report in run.report.tasks.items()]


def _row(task: str, report: TaskReport) -> tuple[str, ...]:
    metric = report.headline
    return (
        task,
        report.kind,
        metric_word(metric),
        estimate_text(report.metrics[metric]),
        number_text(report.baseline[metric]),
        report.verdict() or "undefined",
        f"{report.labels:,}",
    )

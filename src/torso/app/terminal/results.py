"""The results as a terminal table: every metric with its interval beside the baseline.

A plain word says where the model has not shown that it is better than knowing no input at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from torso.app.terminal.names import in_lines
from torso.evaluation.report import TaskReport
from torso.evaluation.wording import estimate_text, number_text
from torso.progress import IN_PIPE
from torso.tasks import words_of

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

__all__ = ["results_table"]

CAPTION = (
    "The baseline sees no input: it knows the majority, the frequencies or the mean of the training labels. "
    "No better: its value lies inside the interval. Coverage is the share of labels inside the model's intervals."
)


_NARROW = 72
"""Characters below which a task stands above its metrics, not beside them."""
_LEAST_ROOM = 11
"""Characters of a task's name, at least."""


def results_table(reports: Mapping[str, TaskReport], width: int = 80) -> Table:
    """Return a rich table of the reports, `task -> report`.

    Args:
        reports: task -> its scores.
        width: of the terminal in characters; below 72, a task stands above its metrics. In a pipe, every
            metric is a line of its own that names its task.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    beside = width >= _NARROW
    table = Table(
        title="Results, with 95 % intervals",
        title_justify="left",
        caption=CAPTION,
        caption_justify="left",
        box=box.SIMPLE_HEAD if beside else None,
        pad_edge=False,
        collapse_padding=True,
        show_header=beside,
    )
    if not beside:
        for task, report in reports.items():
            table.add_row(Text.assemble((task, "bold"), f"  {_about(report)}", overflow="fold"))
            table.add_row(_scores(report))
        return table
    table.add_column("task", overflow="fold")
    _add_columns(table)
    if width >= IN_PIPE:
        table.add_column("labels")
        for task, report in reports.items():
            for cells in zip(*(cell.split() for cell in _columns(report)), strict=True):
                table.add_row(Text(task), *cells, Text(_about(report)))
        return table
    room = max(_LEAST_ROOM, width - _taken(reports))
    for task, report in reports.items():
        about = "\n".join(["", report.kind, *_positive(report), _labels(report)])
        table.add_row(
            Text.assemble((in_lines(task, room), "bold"), about),
            *_columns(report),
            end_section=True,
        )
    return table


def _taken(reports: Mapping[str, TaskReport]) -> int:
    """Return the characters of all columns but the task's."""
    columns = zip(*map(_columns, reports.values()), strict=True)
    lines = ([line for cell in column for line in cell.plain.split("\n")] for column in columns)
    return 3 + sum(2 + max(map(len, [*column, "baseline"])) for column in lines)


def _about(report: TaskReport) -> str:
    """Return kind, positive class and number of labels in one line."""
    return ", ".join([report.kind, *_positive(report), _labels(report, ", ")])


def _scores(report: TaskReport) -> Table:
    """Return the metrics of one task, as wide as those of any other."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 1))
    _add_columns(table, (10, 23, 9, 9))
    table.add_row(*_columns(report), end_section=True)
    table.add_row()
    return table


def _add_columns(table: Table, widths: Sequence[int | None] = (None,) * 4) -> None:
    for name, width in zip(("metric", "value", "baseline", "verdict"), widths, strict=True):
        right = name in ("value", "baseline")
        table.add_column(name, justify="right" if right else "left", no_wrap=True, min_width=width)


def _columns(report: TaskReport) -> list[Text]:
    """Return the cells of a task's metrics, its headline first."""
    from rich.text import Text

    metrics = sorted(report.metrics, key=lambda metric: metric != report.headline)
    bold = {report.headline: "bold"}
    words = words_of(report.kind)
    rows = [
        (
            Text(words.get(metric, metric.replace("_", " ")), bold.get(metric, "")),
            Text(estimate_text(report.metrics[metric]), bold.get(metric, "")),
            Text(number_text(report.baseline[metric])),
            Text(_verdict(report, metric), _style(report, metric)),
        )
        for metric in metrics
    ]
    return [Text("\n").join(column) for column in zip(*rows, strict=True)]


def _positive(report: TaskReport) -> list[str]:
    """Return which class F1 speaks of; nothing where it speaks of none or of several."""
    return [f"positive: {report.positive}"] if report.positive else []


def _labels(report: TaskReport, between: str = "\n") -> str:
    missing = report.labels < report.rows
    of = f" of {report.rows:,}" if missing else ""
    groups = "" if report.groups is None else f"{between}in {report.groups:,} groups"
    return f"{report.labels:,}{of} labels{groups}"


def _verdict(report: TaskReport, metric: str) -> str:
    if not report.labels:
        return "no labels"
    verdict = report.verdict(metric)
    if verdict is None:
        return "undefined" if math.isnan(report.metrics[metric].value) else "no interval"
    return verdict


def _style(report: TaskReport, metric: str) -> str:
    return {
        "better": "green",
        "kept": "green",
        "no better": "yellow",
        "too wide": "yellow",
        "worse": "red",
        "too narrow": "red",
        "too few": "dim",
        None: "dim",
    }[report.verdict(metric)]

"""The results as a terminal table: every metric with its interval beside the baseline.

A plain word says where the model has not shown that it is better than knowing no input at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from torso.evaluation.report import TaskReport
from torso.evaluation.wording import estimate_text, number_text
from torso.tasks import words_of

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["results_table"]

CAPTION = (
    "The baseline sees no input: it knows the majority, the frequencies or the mean of the training labels. "
    "No better: its value lies inside the interval. Coverage is the share of labels inside the model's intervals."
)


def results_table(reports: Mapping[str, TaskReport]) -> Table:
    """Return a rich table of the reports, `task -> report`, that fits a terminal of 80 columns."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title="Results, with 95 % intervals",
        caption=CAPTION,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("task", overflow="fold")
    table.add_column("metric", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("baseline", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    lines = Text("\n").join
    for task, report in reports.items():
        metrics = sorted(report.metrics, key=lambda metric: metric != report.headline)
        bold = {report.headline: "bold"}
        words = words_of(report.kind)
        table.add_row(
            Text.assemble((task, "bold"), f"\n{report.kind}\n{_labels(report)}"),
            lines(
                Text(words.get(metric, metric.replace("_", " ")), bold.get(metric, ""))
                for metric in metrics
            ),
            lines(Text(estimate_text(report.metrics[m]), bold.get(m, "")) for m in metrics),
            lines(Text(number_text(report.baseline[metric])) for metric in metrics),
            lines(Text(_verdict(report, metric), _style(report, metric)) for metric in metrics),
            end_section=True,
        )
    return table


def _labels(report: TaskReport) -> str:
    missing = report.labels < report.rows
    of = f" of {report.rows:,}" if missing else ""
    groups = "" if report.groups is None else f"\nin {report.groups:,} groups"
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
        None: "dim",
    }[report.verdict(metric)]

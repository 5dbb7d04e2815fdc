"""Rows, labels and gaps that a fit used, and the time that balancing took."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from torso.app.terminal.blend import blend_table
from torso.app.terminal.decisions import decisions_table
from torso.app.terminal.results import results_table
from torso.runs.report.report import BalancingReport, RunReport, Usage

__all__ = ["summary", "verdict"]

_LABELS = "labels used"


def verdict(report: RunReport, width: int) -> RenderableType:
    """Return all that a fit prints at its end: usage, results, network and plain models.

    Args:
        report: of the run.
        width: of the terminal in characters.
    """
    parts: list[RenderableType] = [
        summary(report, width),
        Text(f"\nOn the {report.split} rows:"),
        results_table(report.tasks, width),
    ]
    if report.decisions:
        parts.append(decisions_table(report.decisions, report.tasks, report.split))
    if report.blend:
        parts.append(blend_table(report.blend, report.tasks, width))
    return Group(*parts)


def summary(report: RunReport, width: int = 120) -> RenderableType:
    """Return the usage of a fit: rows, labels per task, gaps per modality.

    Args:
        report: of the run.
        width: of the terminal in characters; where names would be broken, a task takes a line of its own.
    """
    usage = report.usage
    training_rows = usage.rows["training"]
    present = ", ".join(
        f"{name} {count / max(1, training_rows):.0%}"
        for name, count in usage.training_rows_with.items()
    )
    lines: list[RenderableType] = [
        _labels(usage, width),
        Text(f"training rows that have each modality: {present}"),
    ]
    networks = report.training.networks
    if networks > 1:
        training_rows += usage.rows["validation"]
        lines.append(
            Text(
                f"{networks} networks learned from training and validation rows, each leaving out another fold."
            )
        )
    unused = training_rows - usage.rows_trained
    if unused > 0:
        lines.append(Text(f"{unused} training rows have no label at all and could not be used."))
    return Group(*lines, *_balancing(report.training.balancing))


def _labels(usage: Usage, width: int) -> RenderableType:
    """Return the labels of each task in each part of the rows, as a table, or as lines where it is too wide."""
    headers = {part: f"{part} ({rows} rows)" for part, rows in usage.rows.items()}
    tasks = usage.labels["training"]
    counts = {task: [str(usage.labels[part][task]) for part in usage.rows] for task in tasks}
    longest = max((len(task) for task in tasks), default=0)
    if max(longest, len(_LABELS)) + sum(len(header) + 2 for header in headers.values()) > width:
        lines = [Text(f"{_LABELS}: {', '.join(headers.values())}", "bold")]
        return Group(*lines, *(Text(f"{task}  {', '.join(counts[task])}") for task in tasks))
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(_LABELS)
    for header in headers.values():
        table.add_column(header, justify="right")
    for task in tasks:
        table.add_row(Text(task), *counts[task])
    return table


def _balancing(seen: BalancingReport) -> list[Text]:
    """Return the overhead of looking at the tasks' gradients, conflicts and weights; nothing without looks."""
    lines = []
    if seen.overhead is not None:
        lines.append(f"balancing took {seen.overhead:.1%} on top of plain steps")
    if seen.conflicts is not None:
        lines.append(
            f"{seen.conflicts:.0%} of {seen.looks} looks found conflicting tasks (see log.jsonl)"
        )
    last, first = seen.weights_last_epoch, seen.weights_first_epoch
    if first and last != first:  # both are empty before the first epoch has ended
        lines.append(
            "task weights, first to last epoch: "
            + ", ".join(
                f"{task} {first[task]:.2f} to {last[task]:.2f}" for task in last if task in first
            )
        )
    return [Text(line) for line in lines]

"""Rows, labels and gaps that a fit used, and what balancing cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

__all__ = ["summary"]


def summary(metrics: Mapping[str, Any]) -> RenderableType:
    """Return what a fit used: rows, labels per task, gaps per modality, cells skipped."""
    usage = metrics["usage"]
    rows = usage["rows"]
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("labels used")
    for split in rows:
        table.add_column(f"{split} ({rows[split]} rows)", justify="right")
    for task in usage["labels"]["training"]:
        table.add_row(Text(task), *(str(usage["labels"][split][task]) for split in rows))
    total = max(1, rows["training"])
    present = ", ".join(
        f"{name} {count / total:.0%}" for name, count in usage["training_rows_with"].items()
    )
    lines: list[RenderableType] = [table, Text(f"training rows that have each modality: {present}")]
    unused = rows["training"] - usage["rows_trained"]
    if unused:
        lines.append(Text(f"{unused} training rows have no label at all and could not be used."))
    for column, count in usage["skipped_cells"].items():
        lines.append(
            Text(f"{count} cells of {column!r} counted as missing: see skipped.jsonl", "yellow")
        )
    lines += _balancing(metrics.get("training", {}).get("balancing") or {})
    return Group(*lines)


def _balancing(seen: Mapping[str, Any]) -> list[RenderableType]:
    """Return what looking at the tasks' gradients cost and showed; nothing where no one looked."""
    lines = []
    if seen.get("overhead") is not None:
        lines.append(f"balancing took {seen['overhead']:.1%} on top of plain steps")
    if seen.get("conflicts") is not None:
        lines.append(
            f"{seen['conflicts']:.0%} of {seen['looks']} looks saw tasks in conflict (see log.jsonl)"
        )
    last, first = seen.get("weights_last_epoch") or {}, seen.get("weights_first_epoch") or {}
    if last != first:
        lines.append(
            "task weights, first to last epoch: "
            + ", ".join(f"{task} {first[task]:.2f} to {last[task]:.2f}" for task in last)
        )
    return [Text(line) for line in lines]

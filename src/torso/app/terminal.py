"""Tables that a person sees in the terminal: the columns of a table, and what a fit used of it.

Without torch, so that `torso inspect` answers at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

__all__ = [
    "COST_COLUMNS",
    "CountingBar",
    "columns_table",
    "cost_cells",
    "costs_table",
    "robustness_tables",
    "search_table",
    "summary",
]

_LONGEST = 120  # characters of a cell, where there are few columns
_WIDEST = 360  # characters of all cells of a row, about
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

COST_COLUMNS = ("parameters", "multiply-adds/row", "ms/row")


def columns_table(
    reports: Sequence[Any], targets: Iterable[str], inputs: Iterable[str] | None = None
) -> RenderableType:
    """Return the table of `torso inspect`, with the warnings below it.

    Args:
        reports: what was seen in each column.
        targets: columns to predict.
        inputs: columns to learn from; default: those that look sensible.
    """
    aims = set(targets)
    used = {one.name for one in reports if one.use} if inputs is None else set(inputs)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("column", "role", "kind", "missing", "distinct", "example", "why"):
        table.add_column(name, justify="right" if name in ("missing", "distinct") else "left")
    warnings = []
    for one in reports:
        role = "target" if one.name in aims else "input" if one.name in used else "left out"
        style = {"target": "green", "input": "", "left out": "dim"}[role]
        table.add_row(
            *(
                Text(str(cell), overflow="fold")
                for cell in (
                    one.name,
                    role,
                    one.kind or "–",
                    f"{one.missing:.1%}",
                    one.distinct,
                    one.example,
                    one.why,
                )
            ),
            style=style,
        )
        warnings += [Text.assemble((f"{one.name}: ", "yellow"), text) for text in one.warnings]
    return Group(table, Text(""), *warnings) if warnings else table


def cost_cells(cost: Any) -> tuple[str, str, str]:
    """Return a `Cost` as the cells under `COST_COLUMNS`."""
    return f"{cost.parameters:,}", f"{cost.multiply_adds:,.0f}", f"{cost.milliseconds:.3f}"


def costs_table(costs: Mapping[str, Any]) -> RenderableType:
    """Return the table of a model's parts and what each costs.

    Args:
        costs: part -> its `Cost`.
    """
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("part of the model")
    for header in COST_COLUMNS:
        table.add_column(header, justify="right")
    for name, cost in costs.items():
        table.add_row(Text(name), *cost_cells(cost))
    return table


def robustness_tables(found: Any, against: Any = None) -> RenderableType:
    """Return two tables: what noise in a modality does to each task, and what is left without modalities.

    Args:
        found: a `Robustness`.
        against: that of a baseline.
    """
    names = [f"{task}, {metric.replace('_', ' ')}" for task, metric in found.metrics.items()]
    noise = Table(title="Mean over noise from 0 to 1", title_justify="left", box=None)
    subsets = Table(title="With some modalities only", title_justify="left", box=None)
    for table, first in ((noise, "noise in"), (subsets, "kept")):
        table.add_column(first)
        for name in names:
            table.add_column(name, justify="right")
    for modality in found.curves:
        cells = []
        for task in found.metrics:
            cell = f"{found.relative(modality, task):.3f}"
            if against is not None and task in against.curves.get(modality, {}):
                cell += f" ({found.effective(modality, task, against):+.3f})"
            cells.append(cell)
        noise.add_row(Text(modality), *cells)
    for kept, metrics in found.subsets.items():
        subsets.add_row(Text(", ".join(kept)), *(f"{metrics[task]:.3f}" for task in found.metrics))
    note = "In brackets: the same less a baseline's, moved to the same beginning."
    return Group(noise, *([Text(note)] if against is not None else []), Text(""), subsets)


def search_table(found: Any) -> RenderableType:
    """Return what a search found; a column of lists or bytes is left out, a long text is cut.

    Args:
        found: Arrow table with `rank`, `score`, and whatever is told of each.
    """
    import pyarrow as pa

    table = Table(box=None, header_style="bold", pad_edge=False)
    columns = {}
    for field in found.schema:
        if pa.types.is_nested(field.type) or pa.types.is_large_binary(field.type):
            continue
        number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        table.add_column(Text(field.name), justify="right" if number else "left", overflow="fold")
        columns[field.name] = found.column(field.name).to_pylist()
    longest = min(_LONGEST, max(24, _WIDEST // len(columns)))
    for row in zip(*columns.values(), strict=True):
        table.add_row(*(Text(_short(cell, longest)) for cell in row))
    return table


def _short(cell: Any, longest: int) -> str:
    text = "" if cell is None else f"{cell:.4g}" if isinstance(cell, float) else str(cell)
    text = _CONTROL.sub(" ", text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


class CountingBar:
    """A bar that is there while something is counted, and gone afterwards; called with `(done, total)`.

    Args:
        console: where to draw.
        what: stands before the bar.
    """

    def __init__(self, console: Console, what: str) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._progress = Progress(*columns, console=console, transient=True)
        self._what = what
        self._bar: Any = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, done: int, total: int) -> None:
        """Move the bar."""
        if self._bar is None:
            self._bar = self._progress.add_task(self._what)
        self._progress.update(self._bar, completed=done, total=total)


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

"""Tables of `torso evaluate --robustness`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from torso.app.terminal.names import in_lines
from torso.studies.robustness.shown import kept_text

if TYPE_CHECKING:
    from torso.studies.robustness import Robustness

__all__ = ["robustness_tables"]


def robustness_tables(
    robustness: Robustness, against: Robustness | None = None, width: int = 120
) -> RenderableType:
    """Return two tables: scores under noise in each modality, and with some modalities only.

    Args:
        robustness: a `Robustness`.
        against: that of a baseline.
        width: of the terminal in characters; where the columns of all tasks do not fit, a task has tables of its own.
    """
    noise: Rows = {}
    for modality in robustness.curves:
        noise[modality] = {}
        for task in robustness.metrics:
            cell = f"{robustness.relative(modality, task):.3f}"
            if against is not None and task in against.curves.get(modality, {}):
                lead = round(robustness.effective(modality, task, against), 3) + 0.0  # no -0.000
                cell += f" ({lead:+.3f})"
            noise[modality][task] = cell
    modalities = max(robustness.subsets, key=len, default=())
    subsets: Rows = {
        kept_text(kept, modalities): {task: f"{value:.3f}" for task, value in metrics.items()}
        for kept, metrics in robustness.subsets.items()
    }
    note = "In brackets, the effective robustness: the mean lead over the other run, with both curves begun alike."
    metrics = {task: metric.replace("_", " ") for task, metric in robustness.metrics.items()}
    headers = {task: f"{task}, {metric}" for task, metric in metrics.items()}
    beside = all(_taken(headers, rows) + _longest(rows) <= width for rows in (noise, subsets))
    shown = [headers] if beside else [{task: metric} for task, metric in metrics.items()]
    tables: list[RenderableType] = []
    for title, first, rows in (
        ("Mean over noise from 0 to 1", "noise in", noise),
        ("With some modalities only", "kept", subsets),
    ):
        tables += [Text(""), Text(title, "italic")] if tables else [Text(title, "italic")]
        for columns in shown:
            tables += [] if beside else [Text(next(iter(columns)), "bold", overflow="fold")]
            tables.append(_table(first, columns, rows, width))
        if against is not None and rows is noise:
            tables.append(Text(note))
    return Group(*tables)


Rows = dict[str, dict[str, str]]
"""First cell -> task -> cell."""
_LEAST_ROOM = 11


def _table(first: str, headers: Mapping[str, str], rows: Rows, width: int) -> Table:
    """Return a table of the tasks in `headers`, its names in lines of whole words where they must break."""
    table = Table(box=None)
    table.add_column(first)
    for header in headers.values():
        table.add_column(Text(header), justify="right", no_wrap=True)
    room = max(_LEAST_ROOM, width - _taken(headers, rows))
    for name, cells in rows.items():
        table.add_row(Text(in_lines(name, room)), *(cells[task] for task in headers))
    return table


def _taken(headers: Mapping[str, str], rows: Rows) -> int:
    """Return the characters of all columns but the first."""
    cells = {
        task: [header, *(row[task] for row in rows.values())] for task, header in headers.items()
    }
    return 2 + sum(2 + max(map(len, column)) for column in cells.values())


def _longest(rows: Rows) -> int:
    return max(map(len, rows), default=0)

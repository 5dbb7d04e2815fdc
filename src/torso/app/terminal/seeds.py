"""Scores over seeds, as a terminal table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from torso.app.terminal.names import in_lines

if TYPE_CHECKING:
    from torso.studies.seeds import Seeds

__all__ = ["seeds_table"]

_NARROW = 72
"""Characters below which the interval over rows has no room."""


def seeds_table(study: Seeds, width: int = 80) -> Table:
    """Return a table with a row per task: its headline metric over the seeds.

    Args:
        study: of `torso.seeds`.
        width: of the terminal in characters.
    """
    title = f"Over {study.listed()}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    header, *rows = study.rows()
    if width < _NARROW:
        header, rows = header[:-1], [row[:-1] for row in rows]
    for at, name in enumerate(header):
        table.add_column(name, justify="left" if at < 2 else "right", no_wrap=at > 0)
    taken = sum(1 + max(len(row[at]) for row in [header, *rows]) for at in range(1, len(header)))
    for task, *cells in rows:
        table.add_row(Text(in_lines(task, max(8, width - taken))), *cells)
    return table

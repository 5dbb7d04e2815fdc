"""A run at a glance, and the runs of a folder, in a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from torso.app.terminal.usage import verdict
from torso.progress import IN_PIPE
from torso.studies.overview.listing import HEADER, Runs
from torso.studies.overview.summary import Summary
from torso.studies.slices.confusion import Confusion

__all__ = ["runs_table", "summary_tables"]

_MOST_CLASSES = 12
_NARROW = 100
"""Characters below which a run's cells stand below its name."""


def summary_tables(summary: Summary, width: int = 120) -> RenderableType:
    """Return a run's summary in words, its scores, curves, mistakes and studies.

    Args:
        summary: to show.
        width: of the terminal in characters.
    """
    parts: list[RenderableType] = [Text(summary.name, "bold", overflow="fold")]
    parts += [Text(line) for line in summary.words()]
    parts += [Text(""), verdict(summary.report, width)]
    for line in _paragraph(summary.curves(min(64, max(16, width - 14)))):
        parts.append(Text(line))
    for task, value in summary.confusions().items():
        shown = _matrix(value, width)
        if shown is not None:
            parts += [
                Text(""),
                Text(f"{task}: rows by true class (down) and answer", "italic"),
                shown,
            ]
    parts += [Text(line) for line in _paragraph(summary.mistakes())]
    parts += [Text(line) for line in _paragraph(summary.studied())]
    return Group(*parts, Text(""))


def _paragraph(lines: list[str]) -> list[str]:
    return ["", *lines] if lines else []


def _matrix(value: Confusion, width: int) -> Table | None:
    """Return the confusion as a table; None where it is too wide."""
    counts = [[f"{count}" for count in row] for row in value.counts]
    columns = zip(value.names, *counts, strict=True)
    needed = max(map(len, value.names)) + sum(2 + max(map(len, column)) for column in columns)
    if len(value.names) > _MOST_CLASSES or needed > min(width, IN_PIPE):
        return None
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for name in value.names:
        table.add_column(Text(name), justify="right", no_wrap=True)
    for at, (name, row) in enumerate(zip(value.names, counts, strict=True)):
        cells = [Text(cell, "green" if at == said else "") for said, cell in enumerate(row)]
        table.add_row(Text(name), *cells)
    return table


def runs_table(runs: Runs, width: int = 120) -> RenderableType:
    """Return a line per run; in a narrow terminal its cells stand below its name.

    Args:
        runs: to show.
        width: of the terminal in characters.
    """
    rows = [own.cells() for own in runs.shown]
    if width < _NARROW:
        lines = []
        for name, date, file, scores, cost in rows:
            facts = ", ".join(fact for fact in (date, file, cost) if fact)
            below = "".join(f"\n  {line}" for line in (facts, scores) if line)
            lines.append(Text.assemble((name, "bold"), below, overflow="fold"))
        return Group(*lines)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for header in HEADER:
        table.add_column(header, overflow="fold", no_wrap=header == "date")
    for cells in rows:
        table.add_row(*map(Text, cells))
    return table

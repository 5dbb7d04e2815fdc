"""Tables of `torso list`: the parts of a room with their costs, and the settings of one part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from torso.app.terminal.costs import COST_COLUMNS, cost_cells
from torso.progress import IN_PIPE

if TYPE_CHECKING:  # both import torch
    from torso.app.listing import Entry, Row, Sheet
    from torso.app.profiling import Cost

__all__ = ["parts_tables", "settings_sheet"]


_WIDE = 100
"""Characters from which a room is a table and a setting one line; below, both are stacked."""
_FAMILIES = 140
"""Characters from which families have a column of their own beside the costs."""


def parts_tables(
    rooms: Mapping[str, Sequence[Entry]], costs: Mapping[str, Cost], width: int = 120
) -> list[RenderableType]:
    """Return a table per room, or lines in a narrow terminal.

    Args:
        rooms: room -> its parts.
        costs: part -> its cost with default settings; empty where none was measured.
        width: of the terminal in characters.
    """
    if width < _WIDE:
        return [_lines(room, parts, costs) for room, parts in rooms.items()]
    return [_table(room, parts, costs, width) for room, parts in rooms.items()]


def _table(room: str, parts: Sequence[Entry], costs: Mapping[str, Cost], width: int) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(room, no_wrap=True)
    families = any(part.family for part in parts) and (not costs or width >= _FAMILIES)
    if families:
        table.add_column("family", no_wrap=True)
    table.add_column("settings")
    table.add_column("")
    if noted := any(part.needs for part in parts):
        table.add_column("needs")
    for header in COST_COLUMNS if costs else ():
        table.add_column(header, justify="right", no_wrap=True)
    for part in parts:
        about = _about(part, family=not families)
        family, needs = [part.family] * families, [part.needs] * noted
        cost = cost_cells(costs[part.name]) if part.name in costs else ()
        table.add_row(*map(Text, [part.name, *family, part.settings, about, *needs]), *cost)
    return table


def _lines(room: str, parts: Sequence[Entry], costs: Mapping[str, Cost]) -> RenderableType:
    lines: list[RenderableType] = [Text(room, "bold")]
    for part in parts:
        needs = f"It needs: {part.needs}." if part.needs else ""
        cells = zip(cost_cells(costs[part.name]), COST_COLUMNS, strict=True) if costs else ()
        cost = ", ".join(f"{value} {header}" for value, header in cells)
        lines.append(Text(part.name, "cyan"))
        told = [_about(part, family=True), needs, part.settings, cost]
        lines += [Padding(Text(line), (0, 0, 0, 2), expand=False) for line in told if line]
    return Group(*lines)


def _about(part: Entry, *, family: bool) -> str:
    named = f"Family: {part.family}." if family and part.family else ""
    return " ".join(filter(None, [part.summary, named, part.paper]))


def settings_sheet(sheet: Sheet, width: int = 120) -> RenderableType:
    """Return the settings of a part or a section, below its summary.

    Args:
        sheet: the settings.
        width: of the terminal in characters; below 100, a meaning stands below its setting.
    """
    about = " ".join(filter(None, [sheet.summary, sheet.paper]))
    needs = [Text(f"It needs: {sheet.needs}.")] if sheet.needs else []
    if sheet.not_exportable:
        needs.append(Text(f"Not for torso export: {sheet.not_exportable}."))
    rows = (
        (_stacked(sheet.rows) if width < _WIDE else _side_by_side(sheet.rows, width))
        if sheet.rows
        else None
    )
    return Group(
        Text(sheet.title, "bold"),
        Text(about),
        *needs,
        Text(sheet.spelling, "dim"),
        Text(),
        rows or Text("  No settings.", "dim"),
        Text(),
    )


def _side_by_side(rows: Sequence[Row], width: int) -> RenderableType:
    terminal = width < IN_PIPE  # in a pipe, a setting is one line, however long
    table = Table(box=None, header_style="bold", padding=(0, 1), pad_edge=True)
    table.add_column("setting", no_wrap=True)
    table.add_column("default", overflow="fold", max_width=14 if terminal else None)
    table.add_column("values", max_width=30 if terminal else None)
    table.add_column("meaning", overflow="fold")
    for row in rows:
        table.add_row(Text(row.name, "cyan"), _default(row), Text(row.values), Text(row.meaning))
    return table


def _stacked(rows: Sequence[Row]) -> RenderableType:
    lines: list[RenderableType] = []
    for row in rows:
        values = f"  ({row.values})"
        head = Text.assemble((row.name, "cyan"), ": ", _default(row), values)
        lines.append(Padding(head, (0, 0, 0, 2), expand=False))
        lines.append(Padding(Text(row.meaning), (0, 0, 0, 6), expand=False))
    return Group(*lines)


def _default(row: Row) -> Text:
    return Text(row.default, "bold" if row.default == "required" else "")

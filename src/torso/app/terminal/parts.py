"""Tables of `torso list`: the parts of a room, their settings, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from torso.app.terminal.costs import COST_COLUMNS, cost_cells

if TYPE_CHECKING:  # both import torch
    from torso.app.listing import Entry
    from torso.app.profiling import Cost

__all__ = ["parts_tables"]


def parts_tables(rooms: Mapping[str, Sequence[Entry]], costs: Mapping[str, Cost]) -> list[Table]:
    """Return a table per room.

    Args:
        rooms: room -> its parts.
        costs: part -> its cost with default settings; empty where none was measured.
    """
    return [_table(room, parts, costs) for room, parts in rooms.items()]


def _table(room: str, parts: Sequence[Entry], costs: Mapping[str, Cost]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(room, no_wrap=True)
    table.add_column("settings")
    table.add_column("")
    if noted := any(part.needs for part in parts):
        table.add_column("needs")
    for header in COST_COLUMNS if costs else ():
        table.add_column(header, justify="right", no_wrap=True)
    for part in parts:
        about = f"{part.summary} {part.paper}".rstrip()
        cells = [part.name, part.settings, about, *[part.needs] * noted]
        cost = cost_cells(costs[part.name]) if part.name in costs else ()
        table.add_row(*map(Text, cells), *cost)
    return table

"""Tables of parts of rows: in a narrow terminal a part stands above its targets, in a wide one beside them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from torso.progress import IN_PIPE

__all__ = ["WHERE", "WIDE", "blocks", "by_parts", "plain_table", "styled"]

WIDE = 132
"""Characters from which on all columns stand beside each other."""
WHERE = {"table": "rows of the table", "test": "test rows", "validation": "validation rows"}
_NAMES = 26  # characters of the first column of a block
_RIGHT = ("labels", "value", "baseline", "coverage", "rest", "better by", "found", "error")
_STYLES = {
    "better": "green",
    "kept": "green",
    "no better": "yellow",
    "uneven": "yellow",
    "not sure enough": "yellow",
    "worse": "red",
    "too narrow": "red",
    "too sure": "red",
    "unequal": "red",
}


def plain_table(header: Sequence[str], fold: Sequence[str] = ()) -> Table:
    """Return a table without lines, its numbers to the right.

    Args:
        header: names of the columns.
        fold: columns that may break.
    """
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in header:
        table.add_column(
            name,
            justify="right" if name in _RIGHT else "left",
            overflow="fold",
            no_wrap=bool(fold) and name not in fold,
        )
    return table


def by_parts(
    table: Sequence[Sequence[str]],
    named: Sequence[tuple[str, tuple[str, str, str]]],
    same: int,
    width: int,
    fold: Sequence[str] = (),
) -> RenderableType:
    """Return a table where the terminal is wide, blocks where it is narrow.

    Args:
        table: its cells, the first row its header.
        named: the same as for `blocks`.
        same: so many cells at the start are left out where they are as above, but not in a pipe.
        width: of the terminal in characters.
        fold: columns that may break.
    """
    if width < WIDE:
        return blocks(named)
    header, *rows = table
    shown, before = plain_table(header, fold), tuple[str, ...]()
    for cells in rows:
        lead = tuple(cells[:same])
        hidden = lead == before and width < IN_PIPE
        shown.add_row(*map(styled, [*([""] * same if hidden else lead), *cells[same:]]))
        before = lead
    return shown


def blocks(named: Sequence[tuple[str, tuple[str, str, str]]]) -> RenderableType:
    """Return lines of name, value and verdict below the names of their blocks; all values stand below each other.

    Args:
        named: block and line.
    """
    lines: dict[str, list[tuple[str, str, str]]] = {}
    for name, cells in named:
        lines.setdefault(name, []).append(cells)
    names, values, _ = (
        max(map(len, column)) for column in zip(*(c for _, c in named), strict=True)
    )
    parts: list[RenderableType] = []
    for name, block in lines.items():
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(width=min(names, _NAMES))
        table.add_column(justify="right", no_wrap=True, min_width=values)
        table.add_column()
        for cells in block:
            table.add_row(*map(styled, cells))
        parts += [Text(f"\n{name}", "bold", overflow="fold"), table]
    return Group(*parts)


def styled(cell: str) -> Text:
    """Return a cell, a verdict in its colour."""
    return Text(cell, _STYLES.get(cell.split(",")[0], ""), overflow="fold")

"""The two consoles, and lines that hold names and paths."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["AS_IS", "console", "skipped_lines"]


class _AsIs(TypedDict):
    highlight: bool
    markup: bool
    soft_wrap: bool


AS_IS: _AsIs = {"highlight": False, "markup": False, "soft_wrap": True}
"""Options of `print` for lines with names and paths: one line each, whatever is in them."""


def console(*, out: bool = False) -> Console:
    """Return the console for results (`out`) or for progress and notes."""
    from rich.console import Console

    return Console(stderr=not out, width=None if sys.stdout.isatty() or not out else 120)


def skipped_lines(skipped: Sequence[Mapping[str, object]]) -> list[str]:
    """Return one sentence per column with cells that counted as missing although they held something."""
    columns: dict[object, list[Mapping[str, object]]] = {}
    for cell in skipped:
        columns.setdefault(cell["column"], []).append(cell)
    return [
        f"{len(cells)} cells of {column!r} counted as missing; the first: row {cells[0]['row']}, "
        f"{cells[0]['cell']!r}: {cells[0]['reason']}"
        for column, cells in columns.items()
    ]

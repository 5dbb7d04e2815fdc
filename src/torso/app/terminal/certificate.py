"""Table of `torso certificate`: a block per missing pattern, a line per task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from torso.progress import IN_PIPE

if TYPE_CHECKING:
    from torso.studies.patterns import Certificate

__all__ = ["certificate_table"]

_WIDE = 132
"""Characters from which on all columns stand beside each other."""
_STYLES = {
    "better": "green",
    "kept": "green",
    "no better": "yellow",
    "worse": "red",
    "too narrow": "red",
}
_WHERE = {"table": "all rows of the table", "test": "test rows", "validation": "validation rows"}
CAPTION = (
    "The baseline sees no input. Coverage is the share of labels inside the model's intervals. Nothing is said of fewer than "
    "20 labels."
)


def certificate_table(certificate: Certificate, width: int = 80) -> RenderableType:
    """Return scores by missing pattern.

    Args:
        certificate: of a run.
        width: of the terminal in characters; where it is narrow, a pattern stands above its tasks.
    """
    header, *rows = certificate.rows()
    title = Text(
        f"By what rows lack, on {_WHERE[certificate.split]}, with 95 % intervals", "italic"
    )
    parts: list[RenderableType] = [title]
    if width >= _WIDE:
        table = _table(header)
        name = ""
        for pattern, *cells in rows:
            name = pattern or (name if width >= IN_PIPE else "")
            table.add_row(Text(name), *map(_styled, cells))
        parts.append(table)
    else:
        parts.append(_narrow(rows))
    return Group(*parts, Text(f"\n{CAPTION}"))


def _narrow(rows: Sequence[tuple[str, ...]]) -> RenderableType:
    """Return patterns, each above its tasks; the columns of all stand below each other."""
    blocks: dict[str, list[tuple[str, str, str]]] = {}
    lines: list[tuple[str, str, str]] = []
    for pattern, task, labels, metric, value, _, verdict, held, kept in rows:
        lines = blocks.setdefault(pattern, []) if pattern else lines
        lines.append((f"{task}, {metric} ({labels})" if labels else task, value, verdict))
        if held:
            lines.append(("  coverage", held, kept))
    every = [line for block in blocks.values() for line in block]
    widths = [max(map(len, column)) for column in zip(*every, strict=True)]
    parts = [(Text(f"\n{name}", "bold"), _block(block, widths)) for name, block in blocks.items()]
    return Group(*(part for pair in parts for part in pair))


def _block(lines: Sequence[tuple[str, str, str]], widths: Sequence[int]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(width=min(widths[0], 24))
    table.add_column(justify="right", no_wrap=True, min_width=widths[1])
    table.add_column(no_wrap=True)
    for name, value, verdict in lines:
        table.add_row(Text(name), Text(value), _styled(verdict))
    return table


def _table(header: tuple[str, ...]) -> Table:
    table = Table(box=None, show_header=bool(header), header_style="bold", pad_edge=False)
    for name in header:
        right = name in ("labels", "value", "baseline", "coverage")
        table.add_column(
            name, justify="right" if right else "left", no_wrap=name not in ("rows", "")
        )
    return table


def _styled(cell: str) -> Text:
    return Text(cell, _STYLES.get(cell, ""))

"""The table of `torso inspect`: each column, its role and kind, and the warnings below.

Without torch, so that `torso inspect` answers at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from torso.inference.report import ColumnReport

__all__ = ["columns_table"]


def columns_table(
    reports: Sequence[ColumnReport], targets: Iterable[str], inputs: Iterable[str] | None = None
) -> RenderableType:
    """Return the table of `torso inspect`, with the warnings below it.

    Args:
        reports: what was seen in each column.
        targets: columns to predict.
        inputs: columns to learn from; default: those that look sensible.
    """
    aims = set(targets)
    used = {report.name for report in reports if report.use} if inputs is None else set(inputs)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("column", "role", "kind", "missing", "distinct", "example", "why"):
        table.add_column(name, justify="right" if name in ("missing", "distinct") else "left")
    warnings = []
    for report in reports:
        role = "target" if report.name in aims else "input" if report.name in used else "left out"
        style = {"target": "green", "input": "", "left out": "dim"}[role]
        table.add_row(
            *(
                Text(str(cell), overflow="fold")
                for cell in (
                    report.name,
                    role,
                    report.kind or "–",
                    f"{report.missing:.1%}",
                    report.distinct,
                    report.example,
                    report.why,
                )
            ),
            style=style,
        )
        warnings += [
            Text.assemble((f"{report.name}: ", "yellow"), text) for text in report.warnings
        ]
    return Group(table, Text(""), *warnings) if warnings else table

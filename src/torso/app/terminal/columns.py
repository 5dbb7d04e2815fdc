"""The table of `torso inspect`: each column, its role and kind, and the warnings below.

Without torch, so that `torso inspect` answers at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from torso.inference.report import ColumnReport
from torso.progress.cures import WithCures

__all__ = ["columns_table"]

_STYLE = {"target": "green", "input": "", "left out": "dim"}


_WIDE = 100
"""Characters from which the columns are a table; below, what was seen stands below a column's name."""


def columns_table(
    reports: Sequence[ColumnReport],
    targets: Iterable[str],
    inputs: Iterable[str] | None = None,
    width: int = 120,
    *,
    fold: bool = True,
) -> RenderableType:
    """Return the table of `torso inspect`, with the warnings below it.

    Args:
        reports: what was seen in each column.
        targets: columns to predict.
        inputs: columns to learn from; default: those that look sensible.
        width: of the terminal in characters; below 100, a column takes lines of its own.
        fold: break warnings within the width; else each is one line with its column.
    """
    aims = set(targets)
    used = {report.name for report in reports if report.use} if inputs is None else set(inputs)
    roles = {
        report.name: "target"
        if report.name in aims
        else "input"
        if report.name in used
        else "left out"
        for report in reports
    }
    shown = _table(reports, roles) if width >= _WIDE else _lines(reports, roles)
    warnings = [line for report in reports for line in _warnings(report, fold)]
    return Group(shown, Text(""), *warnings) if warnings else shown


def _table(reports: Sequence[ColumnReport], roles: Mapping[str, str]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("column", "role", "kind", "missing", "distinct", "example", "why"):
        table.add_column(name, justify="right" if name in ("missing", "distinct") else "left")
    for report in reports:
        role = roles[report.name]
        cells = (
            *(report.name, role, report.kind or "–", f"{report.missing:.1%}", report.distinct),
            *(report.example, report.why),
        )
        table.add_row(*(Text(str(cell), overflow="fold") for cell in cells), style=_STYLE[role])
    return table


def _lines(reports: Sequence[ColumnReport], roles: Mapping[str, str]) -> RenderableType:
    lines: list[RenderableType] = []
    for report in reports:
        role = roles[report.name]
        kind = f", {report.kind}" if report.kind else ""
        gaps = f"{report.missing:.1%} missing, {report.distinct} distinct"
        example = f", such as {report.example}" if report.example else ""
        about = (report.why.removeprefix("target: "), gaps + example)
        lines.append(Text.assemble((report.name, "bold"), f"  {role}{kind}", style=_STYLE[role]))
        lines += [_indented(Text(line, _STYLE[role])) for line in about]
    return Group(*lines)


def _warnings(report: ColumnReport, fold: bool) -> Iterator[RenderableType]:
    """Return the warnings about a column: where they are folded, several stand below its name."""
    if len(report.warnings) > 1 and fold:
        yield Text(f"{report.name}:", "yellow")
        yield from (_indented(WithCures(Text(warning))) for warning in report.warnings)
    else:
        for warning in report.warnings:
            yield WithCures(Text.assemble((f"{report.name}: ", "yellow"), warning))


def _indented(line: RenderableType) -> Padding:
    return Padding(line, (0, 0, 0, 2), expand=False)

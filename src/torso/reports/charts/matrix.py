"""Numbers of rows by columns as a table whose cells are coloured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from torso.evaluation.wording import number_text
from torso.reports.html import Html, element

__all__ = ["heat_table"]


def heat_table(
    corner: str,
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Sequence[Sequence[float]],
    *,
    most: float | None = None,
    text: Callable[[float], str] = number_text,
) -> Html:
    """Return a table; positive cells have one colour, negative the other, stronger the farther from 0.

    Args:
        corner: what the rows are.
        rows: names of the rows.
        columns: names of the columns.
        cells: `[rows][columns]`; NaN where undefined.
        most: size of the strongest colour; None: that of the largest cell.
        text: how a cell is written.
    """
    sizes = [abs(cell) for row in cells for cell in row if math.isfinite(cell)]
    top = most or max(sizes, default=1.0) or 1.0
    head = [element("th", corner, scope="col")]
    head += [element("th", element("span", name), scope="col") for name in columns]
    body = [
        element("tr", element("th", name, scope="row"), [_cell(cell, top, text) for cell in row])
        for name, row in zip(rows, cells, strict=True)
    ]
    table = element(
        "table", element("thead", element("tr", head)), element("tbody", body), class_="heat"
    )
    return element("div", table, class_="scroll", tabindex="0", role="region", aria_label=corner)


def _cell(value: float, top: float, text: Callable[[float], str]) -> Html:
    if not math.isfinite(value):
        return element("td", "–", class_="none")
    share = min(1.0, abs(value) / top)
    written = text(value).replace("-", "−", 1) if value < 0 else text(value)
    return element("td", written, class_="less" if value < 0 else "more", style=f"--v:{share:.2f}")

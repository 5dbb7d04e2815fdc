"""Numbers of rows by columns as a table whose cells are coloured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torso.reports.html import Content, Html, element

__all__ = ["Shade", "heat_table"]


@dataclass(frozen=True)
class Shade:
    """A cell of a coloured table.

    Attributes:
        text: written in it.
        tone: from -1 to 1: one colour above 0, another below, stronger the farther; NaN: none.
        about: told when it is pointed at.
    """

    text: str
    tone: float = math.nan
    about: str | None = None


def heat_table(
    corner: str,
    rows: Sequence[Content],
    columns: Sequence[str],
    cells: Sequence[Sequence[Shade]],
) -> Html:
    """Return a table of coloured cells.

    Args:
        corner: sort of the rows, written in the corner and read to who cannot see.
        rows: names of the rows.
        columns: names of the columns.
        cells: `[rows][columns]`.
    """
    head = [element("th", corner, scope="col")]
    head += [element("th", name, scope="col") for name in columns]
    body = [
        element("tr", element("th", name, scope="row"), map(_cell, row))
        for name, row in zip(rows, cells, strict=True)
    ]
    table = element(
        "table", element("thead", element("tr", head)), element("tbody", body), class_="heat"
    )
    return element("div", table, class_="scroll", tabindex="0", role="region", aria_label=corner)


def _cell(shade: Shade) -> Html:
    if not math.isfinite(shade.tone):
        return element("td", shade.text, class_="none", data_tip=shade.about)
    return element(
        "td",
        shade.text,
        class_="less" if shade.tone < 0 else "more",
        style=f"--v:{min(1.0, abs(shade.tone)):.2f}",
        data_tip=shade.about,
    )

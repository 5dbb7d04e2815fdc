"""The advice of `torso advise`: its words, and a row per candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from torso.studies.advise import Advice

__all__ = ["advice_table"]

_WIDE = 100
"""Characters from which there is room for all columns."""


def advice_table(advice: Advice, width: int = 120) -> RenderableType:
    """Return the advice in words, and its candidates.

    Args:
        advice: an `Advice`.
        width: of the terminal; a narrow one shows fewer columns.
    """
    shown: list[RenderableType] = [Text(" ".join(advice.words), "bold")]
    if advice.raced:
        header, *rows = advice.table()
        kept = range(len(header)) if width >= _WIDE else (0, 1, 2, 4)
        table = Table(box=None, header_style="bold", pad_edge=False)
        for at in kept:
            right = header[at] in ("models", "seeds", "seconds")
            table.add_column(header[at], justify="right" if right else "left", overflow="fold")
        for row in rows:
            style = "bold" if row[0] else ""
            table.add_row(*(Text(row[at], style) for at in kept))
        shown += [Text(""), table]
        shown.append(
            Text(
                f"Δm in percent on the {advice.split} rows, with 95 % intervals; higher is better."
            )
        )
    if advice.test.value == advice.test.value:
        over = f"{advice.test.value:+.1f} ({advice.test.low:+.1f} to {advice.test.high:+.1f})"
        shown.append(Text(f"On the test rows, which chose nothing: Δm {over} over all together."))
    return Group(*shown)

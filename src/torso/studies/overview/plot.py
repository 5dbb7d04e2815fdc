"""Curves of one task as a plot in characters."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from torso.evaluation.weighted import Array
from torso.evaluation.wording import number_text
from torso.studies.overview.sparkline import binned

__all__ = ["plot"]

_HEIGHT = 6
"""Lines of the curves."""


def plot(
    line: Sequence[float], dots: Sequence[float] = (), *, width: int = 48, height: int = _HEIGHT
) -> list[str]:
    r"""Return one curve as a line and a second as dots behind it, over axes with their ends: values, and epochs from 1.

    Between two epochs a curve is straight; more epochs than characters are averaged. An undefined value is a gap.
    The corners are those of asciichart (https://github.com/kroitor/asciichart). Differs: curves fill the width.

    >>> print("\n".join(plot([4.0, 2.0, 1.0], [3.0, 1.0, 1.0], width=9, height=4)))
    4.000 ┤──╮
          │· ╰╮
          │ ··╰───╮
    1.000 ┤    ···╰─
          └─────────
           1       3

    Args:
        line: a value per epoch.
        dots: as many, or none.
        width: of the curves in characters.
        height: of the curves in lines, 2 or more.
    """
    curves = [_spread(values, width) for values in (line, dots)]
    known = np.concatenate([values[np.isfinite(values)] for values in curves])
    if not len(known):
        return []
    low, high = float(known.min()), float(known.max())
    rows = [_rows(values, low, high, height) for values in curves]
    cells = [[" "] * width for _ in range(height)]
    for column, row in enumerate(rows[1]):
        if row is not None:
            cells[row][column] = "·"
    _draw(cells, rows[0])
    if low == high:
        cells = cells[:1]
    ends = {len(cells) - 1: number_text(low), 0: number_text(high)}
    margin = max(map(len, ends.values()))
    drawn = [
        f"{ends.get(row, ''):>{margin}} {'┤' if row in ends else '│'}{''.join(own).rstrip()}"
        for row, own in enumerate(cells)
    ]
    last = f"{len(line):>{width - 1}}" if len(line) > 1 else ""
    return [*drawn, f"{'':{margin}} └{'─' * width}", f"{'':{margin}}  1{last}"]


def _spread(values: Sequence[float], width: int) -> Array:
    """Return a curve with a value per column."""
    known = np.array([value if math.isfinite(value) else math.nan for value in values])
    if len(known) > width:
        return np.array(binned(known.tolist(), width))
    if len(known) < 2:
        return np.full(width, known[0] if len(known) else math.nan)
    between: Array = np.interp(np.linspace(0, len(known) - 1, width), np.arange(len(known)), known)
    return between


def _rows(values: Array, low: float, high: float, height: int) -> list[int | None]:
    """Return the line of the plot in which each value stands, the highest in line 0."""
    scale = (height - 1) / (high - low or 1.0)
    return [round((high - value) * scale) if math.isfinite(value) else None for value in values]


def _draw(cells: list[list[str]], rows: Sequence[int | None]) -> None:
    """Draw a line through its rows, with a corner where it turns."""
    before = None
    for column, row in enumerate(rows):
        if row is not None and before not in (None, row):
            assert before is not None
            falls = row > before
            for between in range(min(before, row) + 1, max(before, row)):
                cells[between][column] = "│"
            cells[before][column] = "╮" if falls else "╯"
            cells[row][column] = "╰" if falls else "╭"
        elif row is not None:
            cells[row][column] = "─"
        before = row

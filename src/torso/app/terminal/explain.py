"""Explanations of rows: a bar for each share, and the test of their order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from torso.app.terminal.names import in_lines
from torso.evaluation.wording import number_text
from torso.progress import IN_PIPE
from torso.studies.explain.answer import listed, signed

if TYPE_CHECKING:
    from torso.studies.explain import Explanation
    from torso.studies.explain.answer import Share, TaskExplanation
    from torso.studies.explain.deletion import Deletion

__all__ = ["explanation_text"]

_RAISED, _LOWERED, _UNSURE = "green", "red", "dim"
_WIDEST_BAR, _LEAST_BAR = 24, 6
_LONGEST_NAME, _LEAST_NAME = 40, 14
_SHARE = 20  # characters of a share with its error, and blanks
_LEVELS = "▁▂▃▄▅▆▇█"


def explanation_text(explanation: Explanation, width: int = 80) -> RenderableType:
    """Return the shares of each task, with the verdict of its deletion test.

    Args:
        explanation: of one row.
        width: of the terminal in characters.
    """
    parts: list[RenderableType] = [Text(explanation.heading(), "bold")]
    for task in explanation.tasks.values():
        parts += [Text(), Text(task.heading(), "bold", overflow="fold")]
        if task.parts:
            parts.append(Padding(_table(task, width), (0, 0, 0, 2), expand=False))
        if task.deletion is not None:
            parts.append(_curves(task.deletion))
        style = _LOWERED if task.deletion is not None and not task.deletion.passed else ""
        parts.append(Padding(Text(task.verdict(), style), (0, 0, 0, 2), expand=False))
    return Group(*parts)


def _table(task: TaskExplanation, width: int) -> Table:
    """Return a line per modality and, below it, per part, each with a bar."""
    rows = list(_rows(task))
    finite = [abs(value) for _, value, *_ in rows if math.isfinite(value)]
    largest = max(finite, default=0.0) or 1.0
    longest = max(len(name) + 2 * inner for name, *_, inner in rows)
    name_width = max(_LEAST_NAME, min(longest, _LONGEST_NAME, width - _SHARE - _LEAST_BAR - 6))
    bar = max(_LEAST_BAR, min(_WIDEST_BAR, width - _SHARE - name_width - 6))
    table = Table(box=None, pad_edge=False, show_header=True, header_style="dim")
    table.add_column(Text("part"), min_width=min(name_width, longest))
    table.add_column("", no_wrap=True, width=bar)
    table.add_column(Text(f"share of {task.unit}"), overflow="fold")
    for name, value, words, sure, inner in rows:
        indent = "  " if inner else ""
        shown = name if width >= IN_PIPE else in_lines(name, name_width - len(indent))
        lines = "\n".join(indent + line for line in shown.split("\n"))
        style = _UNSURE if not sure else _LOWERED if value < 0 else _RAISED
        length = round(abs(value) / largest * bar) if math.isfinite(value) else 0
        table.add_row(
            Text(lines, "" if inner else "bold"),
            Text("█" * length, style),
            Text(words, _UNSURE if not sure else ""),
        )
    return table


def _rows(task: TaskExplanation) -> Sequence[tuple[str, float, str, bool, bool]]:
    """Return name, share, its words, whether it is surely not 0, and whether it lies inside a modality."""
    rows: list[tuple[str, float, str, bool, bool]] = []
    for modality in task.modalities:
        rows.append(_row(task, modality, modality.modality, inner=False))
        shown, rest = listed(task.inside(modality.modality))
        rows += [_row(task, part, part.piece or part.column, inner=True) for part in shown]
        if rest:
            total = sum(part.share.value for part in rest)
            rows.append((f"{len(rest)} others", total, signed(total, task.decimals), True, True))
    return rows


def _row(
    task: TaskExplanation, share: Share, name: str, *, inner: bool
) -> tuple[str, float, str, bool, bool]:
    return name, share.share.value, share.words(task.decimals), share.surely, inner


def _curves(deletion: Deletion) -> RenderableType:
    """Return the figure as parts are left out, beside the mean over random orders."""
    both = [value for value in (*deletion.curve, *deletion.random) if math.isfinite(value)]
    low, high = min(both, default=0.0), max(both, default=0.0)
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, curve in (
        ("left out by share", deletion.curve),
        ("at random", deletion.random),
    ):
        ends = f"{number_text(curve[0])} → {number_text(curve[-1])}"
        table.add_row(Text(name, "dim"), Text(_sparks(curve, low, high)), Text(ends, "dim"))
    return Padding(table, (0, 0, 0, 2), expand=False)


def _sparks(curve: Sequence[float], low: float, high: float) -> str:
    """Return a curve as a line of bars."""
    span = (high - low) or 1.0
    steps = ((value - low) / span * (len(_LEVELS) - 1) for value in curve)
    return "".join(_LEVELS[round(step)] if math.isfinite(step) else " " for step in steps)

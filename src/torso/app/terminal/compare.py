"""The tables of `torso compare`: a sentence and a line per task for each run."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from torso.app.terminal.names import in_lines
from torso.evaluation.wording import estimate_text, number_text
from torso.studies.compare.result import (
    HIGHER,
    Against,
    Comparison,
    TaskDifference,
    p_text,
    percent_text,
    table_of,
)

__all__ = ["comparison_tables"]

STYLES = {"helps": "green", "hurts": "red", "no evidence either way": "yellow", "undefined": "dim"}
_LEAST_ROOM = 11


def comparison_tables(comparison: Comparison, width: int = 120) -> RenderableType:
    """Return a sentence per run, and its tasks.

    Args:
        comparison: to show.
        width: of the terminal in characters; where a table does not fit, a task takes lines of its own.
    """
    parts: list[RenderableType] = []
    for other in comparison.against:
        parts.append(Text(other.words(comparison.baseline), "bold"))
        parts.append(_table(other, width))
    what = "groups of rows" if comparison.grouped else "rows"
    parts.append(
        Text(
            f"{HIGHER} 95 % intervals over {what}, and over seeds where there are several; p-values hold for all tasks "
            f"together (Holm). On {comparison.rows:,} {_part(comparison.split)}."
        )
    )
    return Group(*parts)


def _part(split: str) -> str:
    return "rows of the table" if split == "table" else f"{split} rows"


def _table(other: Against, width: int) -> RenderableType:
    """Return the differences as a table where it fits, or as lines below each task."""
    header, *rows = table_of(other)
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    room = width - sum(widths[1:]) - 2 * len(widths)
    if room < _LEAST_ROOM:
        return Group(*(_lines(own) for own in (*other.tasks, other.overall)))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for name in header:
        right = name in ("baseline", "run", "difference", "Δm", "p (Holm)")
        table.add_column(name, justify="right" if right else "left", no_wrap=name != "task")
    for task, *figures, verdict in rows:
        shown = [Text(cell) for cell in figures]
        table.add_row(Text(in_lines(task, room)), *shown, Text(verdict, STYLES[verdict]))
    return table


def _lines(own: TaskDifference) -> Text:
    """Return a task and its figures in lines that a narrow terminal breaks between words."""
    text = Text.assemble((own.task, "bold"), "  ", (own.verdict, STYLES[own.verdict]), "\n")
    figures = []
    if own.metric:
        figures += [
            f"{own.word} {number_text(own.first)} to {number_text(own.second)}",
            f"difference {estimate_text(own.difference)}",
        ]
    figures += [f"Δm {percent_text(own.delta_m)}", f"p {p_text(own.p_holm)}"]
    return text.append("".join(f"  {figure}\n" for figure in figures))

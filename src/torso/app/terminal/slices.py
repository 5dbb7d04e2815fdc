"""Tables of `torso slices` and `torso mistakes`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from torso.app.terminal.blocks import WHERE, by_parts, plain_table
from torso.evaluation.wording import estimate_text

if TYPE_CHECKING:
    from torso.studies.slices import Mistakes, Slices
    from torso.studies.slices.mistakes import TaskMistakes, WorstRow

__all__ = ["mistakes_tables", "slices_tables"]

_PAIRS = 5
_CAPTION = (
    "Rest: the score of the other rows. Better by: the lead over them, with a 95 % interval; better and worse are said where a "
    "permutation test finds so for all parts and tasks together (Holm)."
)
_CALIBRATED = (
    "Error: expected calibration error; by chance: that of a perfectly calibrated run on as many rows, its mean and its 95 % "
    "quantile."
)


def slices_tables(slices: Slices, width: int = 80) -> RenderableType:
    """Return scores by parts of the rows, and true positive rates.

    Args:
        slices: of a run.
        width: of the terminal in characters; where it is narrow, a part stands above its tasks.
    """
    title = f"By parts of the {slices.rows:,} {WHERE[slices.split]}, with 95 % intervals"
    scores = slices.table_rows()
    named = [
        (f"{by}: {part}", (f"{task}, {metric} ({labels})", value, verdict))
        for by, part, task, labels, metric, value, _, _, verdict in scores[1:]
    ]
    parts: list[RenderableType] = [Text(title, "italic"), by_parts(scores, named, 2, width)]
    parts.append(Text(f"\n{_CAPTION}"))
    if slices.opportunity:
        rates = slices.rates()
        named = [(f"{by}: {task}", (part, rate, said)) for by, task, part, rate, said in rates[1:]]
        parts.append(Text("\nTrue positive rates (equal opportunity)", "italic"))
        parts.append(by_parts(rates, named, 2, width))
    return Group(*parts)


def mistakes_tables(mistakes: Mistakes, width: int = 80) -> RenderableType:
    """Return calibration, confusion and the worst rows.

    Args:
        mistakes: of a run.
        width: of the terminal in characters.
    """
    where = f"the {mistakes.rows:,} {WHERE[mistakes.split]}"
    calibrations = mistakes.calibrations()
    parts: list[RenderableType] = []
    if calibrations[1:]:
        named = [
            (f"{task} ({labels})", (of, error, verdict))
            for task, of, labels, error, *_, verdict in calibrations[1:]
        ]
        parts.append(Text(f"Calibration on {where}", "italic"))
        parts += [by_parts(calibrations, named, 0, width), Text(_CALIBRATED)]
    for task, own in mistakes.tasks.items():
        parts += _of_task(task, own)
    return Group(*parts)


def _of_task(task: str, own: TaskMistakes) -> list[RenderableType]:
    parts: list[RenderableType] = []
    if own.calibration is not None and own.calibration.levels:
        held = ", ".join(
            f"{share:.0%} hold {estimate_text(kept)}" for share, kept in own.calibration.levels
        )
        parts.append(Text(f"\n{task}: intervals of {held} of the labels"))
    if own.confusion is not None and (pairs := own.confusion.pairs()):
        parts.append(Text(f"\n{task}: most frequent confusions", "italic"))
        table = plain_table(("rows", "truth", "answer"))
        for count, truth, answer in pairs[:_PAIRS]:
            table.add_row(Text(f"{count:,}"), Text(truth), Text(answer))
        parts.append(table)
    for title, rows in (("worst rows", own.worst), ("surest wrong answers", own.surest)):
        if rows:
            by = f", by {own.ranked_by.replace('_', ' ')}" if rows is own.worst else ""
            parts.append(Text(f"\n{task}: {title}{by}", "italic"))
            parts.append(_rows(rows))
    return parts


def _rows(rows: Sequence[WorstRow]) -> Table:
    """Return wrong rows, without the columns that say nothing: a truth such as a map has no text."""
    columns = {
        "row": [f"{row.row}" for row in rows],
        "truth": [row.truth for row in rows],
        "answer": [row.answer for row in rows],
        "sure": ["" if math.isnan(row.confidence) else f"{row.confidence:.2f}" for row in rows],
        "files": [", ".join(row.files.values()) for row in rows],
    }
    columns = {name: cells for name, cells in columns.items() if any(cells)}
    table = plain_table((*columns,))
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    return table

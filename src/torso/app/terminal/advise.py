"""The advice of `torso advise`: the words of each answer, and a row per candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from torso.evaluation.estimate import Estimate
    from torso.studies.advise import Advice, Answer

__all__ = ["advice_table"]

_WIDE = 100
"""Characters from which there is room for all columns."""


def advice_table(advice: Advice, width: int = 120) -> RenderableType:
    """Return the advice in words, and its candidates, question by question.

    Args:
        advice: an `Advice`.
        width: of the terminal; a narrow one shows fewer columns.
    """
    shown: list[RenderableType] = []
    for answer in advice.answers:
        shown += [*([Text("")] if shown else []), *_answer(answer, width)]
    if any(answer.raced for answer in advice.answers):
        note = f"Δm in percent on the {advice.split} rows, with 95 % intervals; higher is better."
        shown.append(Text(note))
    if advice.words:
        shown += [Text(""), Text(" ".join(advice.words), "bold")]
        if _known(advice.test):
            shown.append(_on_test(advice.test))
    return Group(*shown)


def _answer(answer: Answer, width: int) -> list[RenderableType]:
    """Return an answer: its words, its candidates, and its worth on the test rows."""
    shown: list[RenderableType] = [Text(" ".join(answer.words), "bold")]
    if answer.raced:
        header, *rows = answer.table()
        narrow = [at for at, name in enumerate(header) if name not in ("seeds", "seconds")][:4]
        kept = range(len(header)) if width >= _WIDE else narrow
        table = Table(box=None, header_style="bold", pad_edge=False)
        for at in kept:
            right = header[at] in ("models", "seeds", "seconds")
            table.add_column(header[at], justify="right" if right else "left", overflow="fold")
        for row in rows:
            style = "bold" if row[0] else ""
            table.add_row(*(Text(row[at], style) for at in kept))
        shown.append(table)
    if _known(answer.test):
        shown.append(_on_test(answer.test))
    return shown


def _on_test(test: Estimate) -> Text:
    over = f"{test.value:+.1f} ({test.low:+.1f} to {test.high:+.1f})"
    return Text(f"On the test rows, which chose nothing: Δm {over} over the run as it is.")


def _known(estimate: Estimate) -> bool:
    return estimate.value == estimate.value

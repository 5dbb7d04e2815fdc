"""Thresholds by which a run answers, and their gain, as a terminal table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from torso.evaluation.wording import estimate_text, number_text
from torso.runs.report.decision_report import DecisionReport
from torso.tasks import Decision, TaskReport, words_of

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["decisions_table"]

CHOSEN = "Thresholds were chosen on held-out rows for the metric; probabilities are the same with and without."
SAME_ROWS = " The figures are of the same rows, which flatters them."
BY_HAND = "Thresholds are those of the settings; probabilities are the same with and without."


def decisions_table(
    decisions: Mapping[str, DecisionReport], reports: Mapping[str, TaskReport], split: str
) -> Table:
    """Return a rich table of thresholds, and of a metric without and with them.

    Args:
        decisions: task -> its thresholds.
        reports: task -> its scores.
        split: part of the rows that the figures are of.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    chosen = any(decision.chosen for decision in decisions.values())
    same = chosen and split == "validation"
    table = Table(
        title="Answers by thresholds",
        caption=(CHOSEN if chosen else BY_HAND) + (SAME_ROWS if same else ""),
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("task", overflow="fold")
    table.add_column("thresholds", overflow="fold")
    table.add_column("metric", overflow="fold")
    for name in ("without", "with", "gain"):
        table.add_column(name, justify="right", no_wrap=name != "gain")
    for task, decision in decisions.items():
        words = words_of(reports[task].kind)
        table.add_row(
            Text(task, "bold"),
            Text(Decision(decision.thresholds).shown().replace(", ", "\n")),
            words.get(decision.metric, decision.metric.replace("_", " ")),
            number_text(decision.before),
            Text(number_text(decision.after), "bold"),
            estimate_text(decision.gain),
        )
    return table

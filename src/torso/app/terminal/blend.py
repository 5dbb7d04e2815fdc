"""Network and plain models, each alone and together, as a terminal table with a plain word on each task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from torso.app.terminal.names import in_lines
from torso.evaluation.wording import number_text
from torso.plain.blend import NO_SIGNAL
from torso.runs.report.report import BlendReport
from torso.tasks import TaskReport, words_of

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["blend_table", "blend_verdict"]

CAPTION = (
    "Plain models are lines, boosted trees and a forest on a flat view of the row. Answers are those of both. "
    "As good: a 95 % interval of the difference, on the same rows, holds 0."
)


_OTHERS = 59
"""Characters of all columns but the task's, with a verdict on one line."""
_LEAST_ROOM = 11


def blend_table(
    blends: Mapping[str, BlendReport], reports: Mapping[str, TaskReport], width: int = 80
) -> Table:
    """Return a rich table of the parts of each task's answer.

    Args:
        blends: task -> its parts.
        reports: task -> scores of the answer.
        width: of the terminal in characters.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title="\nNetwork and plain models",
        title_justify="left",
        caption=CAPTION,
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    room = max(_LEAST_ROOM, width - _OTHERS)
    table.add_column("task", no_wrap=True)
    table.add_column("metric", overflow="fold")
    for name in ("network", "plain", "both"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    for task, blend in blends.items():
        report = reports[task]
        words = words_of(report.kind)
        table.add_row(
            Text(in_lines(task, room), "bold"),
            words.get(blend.metric, blend.metric.replace("_", " ")),
            number_text(blend.network),
            number_text(blend.plain),
            Text(number_text(report.metrics[blend.metric].value), "bold"),
            blend_verdict(blend),
        )
    return table


def blend_verdict(blend: BlendReport) -> str:
    """Return in words whether one part alone would do."""
    if blend.constant >= NO_SIGNAL:
        return "no better than without inputs"
    over = {"network": blend.over_network, "plain": blend.over_plain}
    if not all(math.isfinite(bound.low) for bound in over.values()):
        return "undefined"
    worse = [name for name, bound in over.items() if bound.high < 0]
    equal = [name for name, bound in over.items() if bound.low <= 0 <= bound.high]
    if worse:
        return f"{worse[0]} alone is better"
    if len(equal) == 2:
        return "either alone is as good"
    if equal:
        return f"{equal[0]} alone is as good"
    return "both are better"

"""A run beside its baselines, as terminal tables: one for each task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from torso.app.terminal.names import in_lines
from torso.evaluation.wording import estimate_text, number_text
from torso.progress import IN_PIPE
from torso.tasks import words_of

if TYPE_CHECKING:
    from torso.studies.baselines import Baselines, Beside

__all__ = ["baselines_tables"]

_MOST_TASKS = 12
"""Tasks up to which each has a table; beyond, those in which a baseline is as good or better."""
_SHORT = {"no evidence either way": "no evidence"}
_NARROW = 72
"""Characters below which the interval stands under the lead."""


def baselines_tables(study: Baselines, width: int = 80) -> RenderableType:
    """Return a table per task: each baseline's score, and by how much the run leads.

    Args:
        study: of `torso.baselines`.
        width: of the terminal in characters; in a pipe, each line names its task.
    """
    if width >= IN_PIPE:
        return _whole(study)
    tasks = study.tasks
    if len(tasks) > _MOST_TASKS:
        tasks = [task for task in tasks if not _ahead(study, task)]
    heading = f"Beside simpler models on the same {study.split} rows; the run leads by, with 95 % intervals"
    shown: list[RenderableType] = [Text(heading, "italic")]
    for task in tasks:
        pairs = [(own.words, own.tasks[task]) for own in study.baselines if task in own.tasks]
        first = pairs[0][1]
        title = Text.assemble(
            (task, "bold"), f"  {_metric(study, task)}, run {number_text(first.run)}"
        )
        shown += [Text(""), title, _table(pairs, width)]
    left = len(study.tasks) - len(tasks)
    if left:
        shown.append(Text(f"In {left} more tasks, the run is better than each of them."))
    return Group(*shown)


def _ahead(study: Baselines, task: str) -> bool:
    return all(own.tasks[task].verdict == "better" for own in study.baselines if task in own.tasks)


def _metric(study: Baselines, task: str) -> str:
    own = next(own for own in study.baselines if task in own.tasks)
    metric = own.tasks[task].metric
    return words_of(own.tasks[task].kind).get(metric, metric.replace("_", " "))


def _table(pairs: list[tuple[str, Beside]], width: int) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column("baseline", overflow="fold")
    for name in ("value", "lead", "verdict"):
        table.add_column(name, justify="left" if name == "verdict" else "right", no_wrap=True)
    cells = [
        (words, number_text(own.baseline), _lead(own, width), _SHORT.get(own.verdict, own.verdict))
        for words, own in pairs
    ]
    taken = sum(
        2 + max(len(line) for row in cells for line in row[at].split("\n")) for at in (1, 2, 3)
    )
    for words, *rest in cells:
        table.add_row(Text(in_lines(words, max(11, width - taken))), *rest)
    return table


def _lead(own: Beside, width: int) -> str:
    text = estimate_text(own.over)
    return text.replace(" [", "\n[") if width < _NARROW else text


def _whole(study: Baselines) -> Table:
    """Return one table whose lines name their task, for a pipe."""
    table = Table(box=None, pad_edge=False)
    for name in ("task", "metric", "baseline", "value", "run", "run leads by", "verdict"):
        table.add_column(name)
    for task in study.tasks:
        for own in study.baselines:
            if task in own.tasks:
                beside = own.tasks[task]
                table.add_row(
                    *(Text(task), _metric(study, task), Text(own.words)),
                    *(number_text(beside.baseline), number_text(beside.run)),
                    *(estimate_text(beside.over), beside.verdict),
                )
    return table

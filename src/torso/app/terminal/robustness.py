"""Tables of `torso evaluate --robustness`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from torso.studies.robustness import Robustness

__all__ = ["robustness_tables"]


def robustness_tables(robustness: Robustness, against: Robustness | None = None) -> RenderableType:
    """Return two tables: scores under noise in each modality, and with some modalities only.

    Args:
        robustness: a `Robustness`.
        against: that of a baseline.
    """
    names = [f"{task}, {metric.replace('_', ' ')}" for task, metric in robustness.metrics.items()]
    noise = Table(title="Mean over noise from 0 to 1", title_justify="left", box=None)
    subsets = Table(title="With some modalities only", title_justify="left", box=None)
    for table, first in ((noise, "noise in"), (subsets, "kept")):
        table.add_column(first)
        for name in names:
            table.add_column(name, justify="right")
    for modality in robustness.curves:
        cells = []
        for task in robustness.metrics:
            cell = f"{robustness.relative(modality, task):.3f}"
            if against is not None and task in against.curves.get(modality, {}):
                cell += f" ({robustness.effective(modality, task, against):+.3f})"
            cells.append(cell)
        noise.add_row(Text(modality), *cells)
    modalities = max(robustness.subsets, key=len, default=())
    for kept, metrics in robustness.subsets.items():
        subsets.add_row(
            Text(_kept(kept, modalities)), *(f"{metrics[task]:.3f}" for task in robustness.metrics)
        )
    note = "In brackets, the effective robustness: the mean lead over the other run, with both curves begun alike."
    return Group(noise, *([Text(note)] if against is not None else []), Text(""), subsets)


def _kept(kept: Sequence[str], modalities: Sequence[str]) -> str:
    """Return the modalities that are kept, by those that are not where these are fewer.

    >>> _kept(["a", "b", "d"], ["a", "b", "c", "d"]), _kept(["a", "b"], ["a", "b"]), _kept(["b"], ["a", "b"])
    ('all but c', 'all', 'b')
    """
    absent = [name for name in modalities if name not in kept]
    if not absent:
        return "all"
    return f"all but {', '.join(absent)}" if len(absent) < len(kept) else ", ".join(kept)

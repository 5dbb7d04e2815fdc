"""Notes about random splits that flatter. Without torch, so that `torso inspect` answers at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from torso.inference.grouped import grouped_note
from torso.inference.report import ColumnReport
from torso.inference.untimely import untimely_note
from torso.runs.settings.config import RunConfig
from torso.tables.table import Table

__all__ = ["random_split_notes"]


def random_split_notes(
    config: RunConfig,
    table: Table,
    own: Collection[str],
    reports: Sequence[ColumnReport],
    rows: np.ndarray | None = None,
) -> list[str]:
    """Return notes that test rows are drawn at random though the table has dates, or rows that belong together.

    Args:
        config: its inputs and targets have kinds.
        table: to split.
        own: parts that have a table of their own.
        reports: of the table's columns.
        rows: that may be looked at, int64; default: all.
    """
    said = config.data.split
    chosen = (said.time, said.column, said.group, said.like)
    if any(way is not None for way in chosen) or "test" in own or not said.test:
        return []
    dated = {
        report.name: {**report.described, **config.inputs.get(report.name, {})}
        for report in reports
        if report.kind == "datetime" or config.inputs.get(report.name, {}).get("kind") == "datetime"
    }
    rows = np.arange(table.rows) if rows is None else rows
    notes = (
        untimely_note(
            table, {name: spec for name, spec in dated.items() if name not in config.targets}
        ),
        grouped_note(table, reports, config.inputs, config.targets, rows),
    )
    return [note for note in notes if note is not None]

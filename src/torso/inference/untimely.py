"""Random splits of a table that has an order in time.

A model that will answer about tomorrow's rows is judged too kindly by rows that are older than some it learnt from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from torso.columns.row_times import RowTimes, row_times
from torso.core.cures import setting
from torso.core.errors import DataError
from torso.tables.table import Table

__all__ = ["untimely_note"]

_FILLED = 0.9  # share of the rows with a date, from which on it runs through the table
_DAYS = 20  # different ones; fewer are hardly an order
_SAMPLE = 3_000  # rows, evenly spread


def untimely_note(table: Table, dated: Mapping[str, Mapping[str, object]]) -> str | None:
    """Return the sentence that a random split ignores the dates of a table; None if it has none in nearly all rows.

    Args:
        table: the rows.
        dated: columns of dates -> their settings, as of a datetime input.
    """
    few = table.take(
        np.unique(np.linspace(0, table.rows - 1, min(table.rows, _SAMPLE)).astype(int))
    )
    running = [
        times
        for name, spec in dated.items()
        if (times := _times(few, name, spec)) is not None and _runs_through(times)
    ]
    if not running:
        return None
    times = max(running, key=_in_order)  # of several, the one that the rows lie in the order of
    low, high = (times.told(float(edge(times.values))) for edge in (np.nanmin, np.nanmax))
    return (
        f"{times.column}: dates from {low[:10]} to {high[:10]} run through the table, and the split is drawn at random: the "
        "model learns from rows that are newer than test rows. If it will answer about later rows, hold out the newest: "
        f"{setting('data.split.time', times.column)}"
    )


def _times(table: Table, name: str, spec: Mapping[str, object]) -> RowTimes | None:
    said, pivot = spec.get("format"), spec.get("pivot")
    formats: Sequence[str] = (
        [said] if isinstance(said, str) else said if isinstance(said, list) else []
    )
    try:
        times = row_times(table, name, formats, pivot if isinstance(pivot, int) else None)
    except DataError:  # times of day, or too few
        return None
    return times if times.dates else None


def _runs_through(times: RowTimes) -> bool:
    known = times.values[np.isfinite(times.values)]
    days = len(np.unique(known // 86_400_000_000))
    return len(known) >= _FILLED * len(times.values) and days >= _DAYS


def _in_order(times: RowTimes) -> float:
    """Return how far the rows lie in the order of their dates, or against it: 0 for any order, 1 for all."""
    steps = np.sign(np.diff(times.values[np.isfinite(times.values)]))
    return float(abs(steps.sum()) / max(1, np.abs(steps).sum()))

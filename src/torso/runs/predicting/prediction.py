"""Answers and scores of a run, with the skipped cells and notes on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from torso.columns.reading import ReadLog, Skipped
from torso.core.errors import ConfigError
from torso.runs.report.held_out import HeldOut
from torso.runs.report.shown import Reports, html_notes
from torso.tables.table import Table
from torso.training import Prediction as HeadPrediction

__all__ = [
    "Evaluation",
    "Prediction",
    "answer_columns",
    "beside",
    "chosen_columns",
    "counted_notes",
    "joined",
    "row_ranges",
    "skipped_notes",
    "stacked",
    "told",
]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Result of `Predictor.predict(table, details=True)`.

    Attributes:
        columns: the answers: a table of the kind that was given.
        skipped: cells that counted as missing although they held something.
        notes: how the table was read, where that is not the usual, absent columns and skipped cells, in sentences.
        present: modality -> bool `[rows]`: the row has it.
    """

    columns: Any
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    present: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        """Return the answers as their table shows them in a notebook, above the notes."""
        own = getattr(self.columns, "_repr_html_", None)
        shown = f"<pre>{escape(repr(self.columns))}</pre>" if own is None else own()
        return f"<div>{shown}{html_notes(self.notes)}</div>"


@dataclass(frozen=True)
class Evaluation:
    """Result of `Predictor.evaluate(table, details=True)`.

    Attributes:
        reports: task -> its scores.
        skipped: cells that counted as missing although they held something.
        notes: how the table was read, where that is not the usual, absent columns and skipped cells, in sentences.
        held_out: truths and answers of the rows, in the form of `Predictor.held_out`.
    """

    reports: Reports
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    held_out: HeldOut | None = None


def skipped_notes(skipped: Sequence[Skipped]) -> tuple[str, ...]:
    """Return one sentence per column with skipped cells.

    >>> skipped_notes([Skipped("t.csv", 3, "photo", "gone.png", "file not found")])
    ("1 cell of 'photo' counted as missing; the first: row 3, 'gone.png': file not found",)
    """
    columns: dict[str, list[Skipped]] = {}
    for cell in skipped:
        columns.setdefault(cell.column, []).append(cell)
    return counted_notes({column: (len(cells), cells[0]) for column, cells in columns.items()}, {})


def counted_notes(
    skipped: Mapping[str, tuple[int, Skipped]], unseen: Mapping[str, tuple[int, Skipped]]
) -> tuple[str, ...]:
    """Return one sentence per column with skipped cells, then one per column with unseen values.

    Args:
        skipped: column -> the number of its cells, and the first.
        unseen: the same of values that training rows do not hold.
    """
    gone = (
        f"{_cells(count)} of {column!r} counted as missing; the first: row {first.row}, "
        f"{first.cell!r}: {first.reason}"
        for column, (count, first) in skipped.items()
    )
    new = (
        f"{_cells(count)} of {column!r} hold{'s' if count == 1 else ''} a value unseen in training, or rare; the first: "
        f"row {first.row}, {first.cell!r}"
        for column, (count, first) in unseen.items()
    )
    return (*gone, *new)


def told(table: Table, log: ReadLog) -> tuple[tuple[Skipped, ...], tuple[str, ...]]:
    """Return the skipped cells, and sentences on how the table was read and on these cells."""
    skipped = tuple(log.skipped)
    unseen = counted_notes({}, log.unseen)
    return skipped, (*table.notes, *log.notes, *skipped_notes(skipped), *unseen)


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"


def answer_columns(tasks: Mapping[str, Mapping[str, pa.Array]]) -> dict[str, pa.Array]:
    """Return the answer columns of all tasks under names of their own.

    A task's value has the task's name. Where a detail of another task has the same, such as the lower end of `temp`
    beside a target `temp_low`, the detail is called `temp__low`.

    >>> answer_columns({"t": {"t": "value", "t_low": "end"}, "t_low": {"t_low": "other value"}})
    {'t': 'value', 't__low': 'end', 't_low': 'other value'}

    Args:
        tasks: task -> its columns as the kind names them.
    """
    columns: dict[str, pa.Array] = {}
    for task, own in tasks.items():
        for name, values in own.items():
            free = name
            while free in columns or (name != task and free in tasks):
                free = f"{task}_{free.removeprefix(task)}"
            columns[free] = values
    return columns


def beside(kept: Mapping[str, pa.Array], answers: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Return columns of a table, and behind them the answers to it.

    Raises:
        ConfigError: a name stands for both.
    """
    for name in answers:
        if name in kept:
            raise ConfigError(
                f"`keep` names {name!r}, but an answer column has this name, too. Rename it in the table."
            )
    return {**kept, **answers}


_PROBABILITIES: tuple[str, ...] = ("probability_", "log_probability_", "survival_")
_INTERVALS = ("spread_", "low_", "high_", "concentration_", "quantile_")


def chosen_columns(
    names: Sequence[str], tasks: Iterable[str], proba: bool | None, intervals: bool | None
) -> list[str]:
    """Return the columns of answers that were chosen: all, if nothing is said.

    >>> names = ["id", "kind", "kind_probability", "price", "price_low", "price_high"]
    >>> chosen_columns(names, ["kind", "price"], proba=True, intervals=None)
    ['id', 'kind', 'kind_probability', 'price']
    >>> chosen_columns(names, ["kind", "price"], proba=None, intervals=False)
    ['id', 'kind', 'kind_probability', 'price']

    Args:
        names: of all columns.
        tasks: of the run.
        proba: keep probabilities, or leave them out; None keeps them unless intervals alone are asked for.
        intervals: the same for spreads and ends of intervals.
    """
    left_out = () if (proba if proba is not None else not intervals) else _PROBABILITIES
    left_out += () if (intervals if intervals is not None else not proba) else _INTERVALS
    longest_first = sorted(tasks, key=len, reverse=True)
    kept = []
    for name in names:
        task = next((task for task in longest_first if name.startswith(f"{task}_")), None)
        detail = "" if task is None or name in longest_first else name.removeprefix(task)
        if not f"{detail.lstrip('_')}_".startswith(left_out):
            kept.append(name)
    return kept


def stacked(
    pieces: Sequence[Mapping[str, NDArray[np.bool_]]],
) -> dict[str, NDArray[np.bool_]]:
    """Return the facts about pieces of a table as those about all of it."""
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def joined(parts: Sequence[HeadPrediction]) -> HeadPrediction:
    """Return the answers to pieces of a table as one."""
    return HeadPrediction(
        np.concatenate([part.value for part in parts]),
        {name: np.concatenate([part.details[name] for part in parts]) for name in parts[0].details},
    )


def row_ranges(rows: int, size: int) -> Iterator[np.ndarray]:
    """Yield positions of rows in groups of `size`."""
    if size < 1:
        raise ConfigError(f"`batch_size` should be at least 1. Found {size}.")
    for start in range(0, rows, size):
        yield np.arange(start, min(start + size, rows))

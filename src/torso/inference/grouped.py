"""Random splits of a table whose rows belong together: works of one artist, films of one director.

A test row whose artist stands in training rows, too, is answered partly by recognising the artist. That flatters a model
that will answer about new ones. What recognising is worth is measured with a quick model, and told where it is much.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from torso.columns.inputs import DatetimeInput, Input, NumberInput
from torso.columns.profile import Profile
from torso.core.cures import setting
from torso.inference.groups import LEAST_GROUPS, LEAST_ROWS
from torso.inference.leak_checks import label_of
from torso.inference.recognition import (
    Recognised,
    answers_of,
    features_of,
    likeness,
    recognised,
    said_by_others,
)
from torso.inference.report import ColumnReport
from torso.tables.arrays import as_integers
from torso.tables.table import Table

__all__ = ["grouped_note"]

_GROUP = "data.split.group"
_FORMS = ("categories", "names", "text", "numbers")
_FILLED = 0.95  # share of the rows; nearly all belong to a group
_SEVERAL = 0.5  # share of the rows whose value recurs
_EVEN = 0.3  # groups of equal size that would be as mixed, for each group; 1 where all have the same size
_SAID = 0.03  # share of the labels that other rows of a value say alone, from which on it is looked at closely
_PAIRS = 3  # of columns and targets that are looked at closely
_ROWS, _CLOSELY = 2_000, 800
_COLUMNS = 100
_GAIN = 0.05  # of the labels
_SURE = 3.0  # standard errors


@dataclass(frozen=True, eq=False)
class _Pair:
    """A column and a target that its values may say something about."""

    column: str
    task: str
    rows: np.ndarray
    groups: np.ndarray
    answers: np.ndarray
    said: float


def grouped_note(
    table: Table,
    reports: Sequence[ColumnReport],
    inputs: Collection[str],
    targets: Collection[str],
    rows: np.ndarray,
) -> str | None:
    """Return the sentence that a random split lets a model recognise groups of rows; None if that hardly helps.

    Args:
        table: the rows.
        reports: of its columns.
        inputs: names of those that are learnt from.
        targets: names of those that are predicted.
        rows: that may be looked at, int64.
    """
    labels = [report for report in reports if report.name in targets]
    others = [report for report in reports if report.name not in targets]
    if any(_GROUP in warning for report in others for warning in report.warnings):
        return None  # told already, of a column that settles labels
    read = [report for report in others if report.name in inputs]
    pairs = sorted(_pairs(table, others, labels, rows), key=lambda pair: -pair.said)[:_PAIRS]
    close = [(pair, _closely(table, read, pair)) for pair in pairs]
    telling = [told for told in close if told[1].gain >= _GAIN and told[1].surety >= _SURE]
    if not telling:
        return None
    pair, score = max(telling, key=lambda told: told[1].gain)
    count = len(np.unique(_groups(table, pair.column, rows)))
    return (
        f"{pair.column}: the random split puts rows with one value on both sides ({count} values, most rows share theirs). A "
        f"quick model explains {score.known:.0%} of {pair.task!r} in rows whose {pair.column} it has met, and "
        f"{max(0.0, score.new):.0%} in others. If it will answer about new ones, keep each on one side: "
        f"{setting(_GROUP, pair.column)}"
    )


def _pairs(
    table: Table,
    others: Sequence[ColumnReport],
    labels: Sequence[ColumnReport],
    rows: np.ndarray,
) -> Iterator[_Pair]:
    """Yield columns that may name groups, with each target of which other rows of a value say much."""
    draw = np.random.default_rng(0)
    for report in others:
        groups = _groups(table, report.name, rows) if _may_name(report) else np.zeros(0, np.int64)
        if not _recur(groups):
            continue
        some = _whole_groups(groups, draw)
        few = table.take(rows[some])
        for target in labels:
            label = label_of(Profile(few.column(target.name)), target.kind, target.settings)
            if label is None or len(label.values) != len(some):
                continue
            answers = answers_of(label)
            said = said_by_others(groups[some], answers)
            if said >= _SAID:
                yield _Pair(report.name, target.name, rows[some], groups[some], answers, said)


def _may_name(report: ColumnReport) -> bool:
    """Return whether nearly all rows have a value, and values may be names: no dates, which have a split of their own."""
    known = Input.registry.find(report.kind) if report.kind in Input.registry else None
    if known is None or known is DatetimeInput or report.missing > 1 - _FILLED:
        return False
    return known.form in _FORMS


def _groups(table: Table, name: str, rows: np.ndarray) -> np.ndarray:
    """Return int64 `[rows]`, equal where cells are; every missing cell is its own."""
    encoded = pc.dictionary_encode(table.column(name).values)
    codes: np.ndarray = as_integers(encoded.indices)[rows]
    alone = codes < 0
    codes[alone] = len(encoded.dictionary) + np.arange(alone.sum())
    return codes


def _recur(groups: np.ndarray) -> bool:
    """Return whether values recur, are many, and none holds many rows, as some countries, makes and models do."""
    sizes = np.unique(groups, return_counts=True)[1]
    effective = len(groups) ** 2 / max(1, int(np.square(sizes).sum()))  # Simpson's number of groups
    several = float(sizes[sizes > 1].sum()) / max(1, len(groups))
    many = max(LEAST_GROUPS, _EVEN * len(sizes))
    return effective >= many and several >= _SEVERAL and len(groups) >= LEAST_ROWS * len(sizes)


def _whole_groups(groups: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return the places of some rows, of groups drawn at random, in the order of the draw."""
    _, groups = np.unique(groups, return_inverse=True)
    rank = draw.permutation(int(groups.max()) + 1)[groups]
    return np.argsort(rank, kind="stable")[:_ROWS]


def _closely(table: Table, read: Sequence[ColumnReport], pair: _Pair) -> Recognised:
    few, groups = table.take(pair.rows[:_CLOSELY]), pair.groups[:_CLOSELY]
    some = read[:: 1 + len(read) // _COLUMNS]
    alike = [
        features_of(Profile(few.column(report.name)), numeric=report.kind == NumberInput.name)
        for report in some
    ]
    if pair.column in (report.name for report in read):
        alike.append(np.eye(int(groups.max()) + 1)[groups])
    return recognised(likeness(alike, len(groups)), groups, pair.answers[:_CLOSELY])

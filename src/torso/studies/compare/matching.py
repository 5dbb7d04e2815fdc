"""The rows that runs share: the same rows of the same table, held out by all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from torso.core.cures import setting
from torso.core.errors import RunError
from torso.evaluation.weighted import Array
from torso.runs.report.held_out import HeldOut, TaskAnswers
from torso.studies.compare.contender import Member

__all__ = ["chosen_metric", "differently", "matched", "same_truths"]


def matched(members: Sequence[Member]) -> tuple[list[HeldOut], tuple[str, ...]]:
    """Return the answers of all runs to the rows that all of them kept aside, in one order, and notes.

    Args:
        members: of all runs that are compared.

    Raises:
        RunError: other tables, or no row in common.
    """
    first = members[0]
    for other in members[1:]:
        _check_table(first, other)
    shared = reduce(np.intersect1d, [member.held_out.rows for member in members])
    if not len(shared):
        raise RunError(
            f"{first.name!r} and {members[-1].name!r} kept no row of the table aside in common, so nothing tells their scores "
            f"apart from their rows. Train on one split: {setting('data.split.like', first.name)} {_cure(first, members[-1])}"
        )
    notes = []
    counts = {len(member.held_out.rows) for member in members}
    if counts != {len(shared)}:
        most = max(counts)
        notes.append(
            f"Compared on {len(shared):,} rows that all runs kept aside, of up to {most:,}: their splits differ. Rows that one "
            "of them learnt from count for none."
        )
    by_split: dict[str, list[str]] = {}
    for member in members:
        by_split.setdefault(member.held_out.split, []).append(member.name)
    if len(by_split) > 1 and "validation" in by_split:
        notes.append(
            f"The rows are validation rows of {', '.join(by_split['validation'])}, by which its epochs were chosen: it is "
            "flattered a little."
        )
    return [_in_order(member.held_out, shared) for member in members], tuple(notes)


def _in_order(held_out: HeldOut, rows: NDArray[np.intp]) -> HeldOut:
    """Return the answers to some rows of the table, in their order."""
    order = np.argsort(held_out.rows, kind="stable")
    return held_out.of_rows(order[np.searchsorted(held_out.rows[order], rows)])


def _check_table(first: Member, other: Member) -> None:
    ours, theirs = first.held_out, other.held_out
    both = ours.digests.keys() & theirs.digests.keys()
    changed = sorted(name for name in both if ours.digests[name] != theirs.digests[name])
    why = ""
    if ours.table_rows != theirs.table_rows:
        why = f"{ours.table_rows:,} and {theirs.table_rows:,} rows"
    elif changed:
        why = f"other cells in {changed[:3]}"
    elif not both and (ours.digests or theirs.digests):
        why = "no column in common"
    if why:
        raise RunError(
            f"{first.name!r} and {other.name!r} are judged on other tables: {why}. Scores on other rows cannot be compared. "
            f"{_cure(first, other)}"
        )


def _cure(first: Member, other: Member) -> str:
    return (
        f"Judge both by the rows of one table: torso compare {quote(first.name)} {quote(other.name)} --table TABLE, in Python "
        "torso.compare(..., table=TABLE)."
    )


def same_truths(own: TaskAnswers, other: TaskAnswers) -> bool:
    """Return whether two runs read the labels of the same rows alike."""
    if own.kind != other.kind or own.whole != other.whole:
        return False
    if not own.whole:
        return bool(np.array_equal(own.labelled, other.labelled))
    return _alike(_named(own), _named(other))


def differently(own: TaskAnswers, other: TaskAnswers, task: str) -> str:
    """Return how two runs read the labels of a task differently, with the cure."""
    if own.kind != other.kind:
        same = setting(f"targets.{task}.kind", own.kind)
        return f"differently (as {own.kind} and {other.kind}). Give both the same kind: {same}"
    apart = sorted({*own.names} ^ {*other.names})
    if apart:
        return f"differently: not both know {', '.join(map(repr, apart[:3]))}. Train both on the same rows."
    return "differently. Give both the same settings of the target."


def _named(own: TaskAnswers) -> Array:
    """Return the labels, of classes their names, of several labels in the order of theirs: their order may be another."""
    names, truth = own.names, own.truth
    if not names:
        return truth
    if truth.ndim == 2 and truth.dtype.kind == "f" and truth.shape[1] == len(names):
        return np.asarray(truth[:, np.argsort(names)])
    if truth.ndim != 1:
        return truth
    codes = np.where(np.isnan(truth), -1, truth).astype(np.intp)
    known = np.array([*names, "another class", "no label"], object)
    return np.asarray(known[np.clip(codes, -1, len(names))])


def _alike(first: Array, second: Array) -> bool:
    if first.shape[0] != second.shape[0] or first.ndim != second.ndim:
        return False
    if first.dtype == object:
        unknown = (first == "another class") | (second == "another class")
        return bool(np.all((first == second) | unknown))
    if first.shape != second.shape:  # texts of another longest length
        width = min(first.shape[1], second.shape[1])
        return bool((first[:, width:] == -1).all() and (second[:, width:] == -1).all()) and _alike(
            first[:, :width], second[:, :width]
        )
    return bool(np.allclose(first, second, rtol=1e-5, atol=1e-8, equal_nan=first.dtype.kind == "f"))


def chosen_metric(first: Sequence[TaskAnswers], second: Sequence[TaskAnswers]) -> str | None:
    """Return the metric that all runs have: a headline of theirs if possible; None where they share none."""
    known = [
        set(own.measure()(np.ones((1, len(own.labelled)))).overall) for own in (*first, *second)
    ]
    both = set.intersection(*known)
    headlines = [own.scores.headline for own in (*first, *second)]
    common = [name for name in first[0].scores.metrics if name in both]
    return next((name for name in [*headlines, *common] if name in both), None)

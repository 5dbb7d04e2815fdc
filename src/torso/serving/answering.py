"""Rows of several requests are answered at once, in a worker thread; each gets its own answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from torso.columns.reading import Skipped
from torso.core.errors import TorsoError
from torso.serving.answers import Answered, answers_of
from torso.serving.refusals import Refusal, refusal_of
from torso.serving.rows import Rows
from torso.serving.values import Json
from torso.serving.version import Version

__all__ = ["Asked", "Observe", "answer_together"]

Observe = Callable[[Version, pa.Table, pa.Table, Mapping[str, NDArray[np.bool_]]], None]
"""Is told of rows, answers, and the modalities that each row has."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A request's rows.

    Attributes:
        rows: laid out.
        refuse: a cell that cannot be read refuses the request; otherwise it counts as missing, and a note tells.
    """

    rows: Rows
    refuse: bool = True


def answer_together(
    version: Version, asked: Sequence[Asked], observe: Observe | None = None
) -> list[Answered | Refusal]:
    """Return each request's answers, or why there are none; the rows of one form are answered at once.

    Args:
        version: of the run.
        asked: requests.
        observe: is told of the rows that were answered.
    """
    try:
        return _joined(version, asked, observe)
    except TorsoError as error:
        if len(asked) == 1:
            return [refusal_of(error)]
        # One request's rows must not spoil the others' answers.
        return [answer for each in asked for answer in answer_together(version, [each], observe)]


def _joined(
    version: Version, asked: Sequence[Asked], observe: Observe | None
) -> list[Answered | Refusal]:
    tables = [each.rows.table for each in asked]
    table = tables[0] if len(tables) == 1 else pa.concat_tables(tables)
    predicted = version.predictor.predict(table, as_arrow=True, details=True)
    answers = answers_of(predicted.columns, predicted.present, version.kinds, version.certificates)
    if observe is not None:
        observe(version, table, predicted.columns, predicted.present)
    out: list[Answered | Refusal] = []
    start = 0
    for each in asked:
        end = start + each.rows.count
        skipped = [cell for cell in predicted.skipped if start < cell.row <= end]
        out.append(_of_request(version, each, answers[start:end], skipped, start))
        start = end
    return out


def _of_request(
    version: Version, asked: Asked, answers: list[Json], skipped: Sequence[Skipped], before: int
) -> Answered | Refusal:
    """Return the answers to a request, with its skipped cells told, or refused."""
    sets = version.sets
    unread = [cell for cell in skipped if cell.column not in sets]
    if unread and asked.refuse:
        cell = unread[0]
        row = cell.row - before
        return Refusal(
            "unreadable_cell",
            f"Row {row}, column {cell.column!r}: {cell.cell!r}: {cell.reason}.",
            cure="Correct it, leave it out, or ask with ?unreadable=missing.",
            row=row,
            column=cell.column,
        )
    notes = tuple(
        f"Row {cell.row - before}, column {cell.column!r}: {cell.cell!r} counts as missing: {cell.reason}."
        for cell in skipped
    )
    return Answered(answers, notes)

"""Drift: how far the last rows, and the answers to them, are from those of training.

The measure is the population stability index, see `torso.columns.references`. Rows are counted a moment after they are
answered, in blocks of which the newest ten are kept, so memory and the time of requests stay as they are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from torso.columns.references import Reference, measured
from torso.serving.version import Version
from torso.tables.table import Column

__all__ = ["LEAST", "Drift"]

LEAST = 100
"""Rows below which no drift is told: of so few it is chance."""
_BLOCKS = 10
_BLOCK = 200  # rows
_WAITING = 256  # batches that wait to be counted; more are not counted


class Drift:
    """Counts the rows of one version of a run.

    Args:
        version: of the run.
    """

    def __init__(self, version: Version) -> None:
        schema = version.predictor.schema
        references: Mapping[str, Reference] = getattr(schema, "references", {})
        self._version = version
        self._inputs = {name: references[name] for name in version.inputs if name in references}
        self._answers = version.predictor.answer_references
        self._waiting: deque[tuple[pa.Table, pa.Table]] = deque(maxlen=_WAITING)
        self._blocks: deque[tuple[int, dict[tuple[str, str], NDArray[np.int64]]]] = deque(
            maxlen=_BLOCKS
        )

    def seen(self, rows: pa.Table, answers: pa.Table) -> None:
        """Take rows and their answers, to be counted later; files are not kept."""
        files = [name for name, kind in self._version.inputs.items() if kind.in_files]
        there = {
            name: pc.if_else(pc.is_valid(rows.column(name)), "there", None)
            for name in files
            if name in rows.column_names
        }
        kept = rows.select([n for n in rows.column_names if n in self._inputs and n not in files])
        for name, column in there.items():
            kept = kept.append_column(name, column)
        self._waiting.append((kept, answers))

    def count(self) -> None:
        """Count the rows that wait; all of one form at once, as a count costs the same for one row and for many."""
        while self._waiting:
            pairs, count, form = [], 0, self._waiting[0][0].schema
            while self._waiting and count < _BLOCK and self._waiting[0][0].schema == form:
                pairs.append(self._waiting.popleft())
                count += pairs[-1][0].num_rows
            rows, answers = (pa.concat_tables(each) for each in zip(*pairs, strict=True))
            counts = {("input", name): self._of_input(name, rows) for name in self._inputs}
            counts |= {
                ("answer", task): own.shares.counts(_answered(answers, task, own.names))
                for task, own in self._answers.items()
            }
            self._add(rows.num_rows, counts)

    def _of_input(self, name: str, rows: pa.Table) -> NDArray[np.int64]:
        kind, reference = self._version.inputs[name], self._inputs[name]
        if name not in rows.column_names:
            return reference.counts(pa.nulls(rows.num_rows, pa.large_string()))
        values = rows.column(name).combine_chunks()
        if values.null_count == len(values):
            empty = np.full(len(values), np.nan)
            return reference.counts(empty if reference.edges else values.cast(pa.large_string()))
        if kind.in_files:
            return reference.counts(values.cast(pa.large_string()))
        column = Column(name, values, "rows")
        signs = getattr(self._version.predictor.schema, "signs", {}).get(name)
        if signs:
            column = replace(column, values=_without(values, signs))
        return reference.counts(measured(kind, column))

    def _add(self, rows: int, counts: dict[tuple[str, str], NDArray[np.int64]]) -> None:
        if not self._blocks or self._blocks[-1][0] >= _BLOCK:
            self._blocks.append((rows, counts))
            return
        before, known = self._blocks[-1]
        self._blocks[-1] = before + rows, {key: known[key] + own for key, own in counts.items()}

    @property
    def name(self) -> str:
        """The name of the run."""
        return self._version.name

    @property
    def rows(self) -> int:
        """The number of rows that the figures are of."""
        return sum(rows for rows, _ in self._blocks)

    def figures(self) -> dict[tuple[str, str], float]:
        """Return ("input" or "answer", name) -> population stability index; nothing of too few rows."""
        if self.rows < LEAST:
            return {}
        references = {("input", name): own for name, own in self._inputs.items()}
        references |= {("answer", task): own.shares for task, own in self._answers.items()}
        return {
            key: reference.drift(np.sum([counts[key] for _, counts in self._blocks], axis=0))
            for key, reference in references.items()
        }


def _without(values: pa.Array, signs: list[str]) -> pa.Array:
    from torso.columns.cells import is_text
    from torso.tables.missing_cells import without

    return without(values, signs) if is_text(values) else values


def _answered(
    answers: pa.Table, task: str, names: tuple[str, ...]
) -> NDArray[np.float64] | pa.Array:
    """Return the answers of a task in the terms of its reference."""
    columns = [f"{task}_probability_{name}" for name in names]
    there = [name for name in columns if name in answers.column_names]
    if len(there) == 2 == len(names):
        return np.asarray(answers.column(columns[1]).to_numpy(), np.float64)
    if there and len(there) == len(names):
        shares = np.stack([answers.column(name).to_numpy() for name in columns], axis=1)
        return pa.array([names[at] for at in shares.argmax(axis=1)], pa.large_string())
    return np.asarray(pc.cast(answers.column(task), pa.float64()).to_numpy(), np.float64)

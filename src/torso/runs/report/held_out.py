"""Answers to held-out rows beside their truths, so that whoever judges a run later needs neither table nor model.

Any metric of a kind of target, and its paired bootstrap, comes from them: comparisons of runs, calibration, confusion, worst
rows. An answer of many numbers (a mask, a clip's tracks) is too large to keep; its metrics on each row alone take its place.

>>> import numpy as np
>>> task = TaskAnswers("binary", np.array([1.0, 0.0]), np.array([0.8, 0.4]), baseline={"frequency": 0.5, "labels": 2})
>>> task.by_row()["log_loss"].round(3).tolist()
[0.223, 0.511]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from torso.columns.dataset import Dataset
from torso.evaluation.weighted import Array, Floats
from torso.tables.digests import column_digest
from torso.tables.table import Table
from torso.tasks import Details, Measured, Scores, measured

__all__ = ["LARGEST", "HeldOut", "TaskAnswers"]

LARGEST = 4096
"""Bytes of a row's truth, answer and details, up to which they are kept."""
_AT_ONCE = 256  # rows that are judged alone


@dataclass(frozen=True, eq=False)
class TaskAnswers:
    """Answers of one task to some rows, in the form that its scores compare.

    Attributes:
        kind: of target; the docstring of its scores says the form of the arrays.
        truth: `[rows, ...]`, NaN, or -1 of an integer, where missing.
        answer: `[rows, ...]`: probabilities or values.
        details: beside it, by name: `log_loss`, `low`, `high`, the answers that thresholds `chose`, ...
        level: share of the labels that should lie between `low` and `high`; 0: nothing is promised.
        names: of the classes, labels or dimensions.
        baseline: state of the predictor without inputs.
        metrics: metric -> its value on each row alone, `[rows]`, where truth and answer are too large to keep (then they
            are empty).
    """

    kind: str
    truth: Array
    answer: Array
    details: Mapping[str, Array] = field(default_factory=dict)
    level: float = 0.0
    names: tuple[str, ...] = ()
    baseline: Mapping[str, object] = field(default_factory=dict)
    metrics: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """True where truth and answer are kept, not only metrics of each row."""
        return not self.metrics

    @property
    def scores(self) -> type[Scores]:
        """Metrics of the kind, as the run chose them."""
        return Scores.registry.find(self.kind).given(self.baseline)

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Bool `[rows]`: rows with at least one known label."""
        if self.whole:
            return self.scores.labelled(self.truth)
        return np.asarray(np.any([~np.isnan(own) for own in self.metrics.values()], axis=0))

    def of_rows(self, rows: Array) -> TaskAnswers:
        """Return the answers to some of the rows, by position."""
        return replace(
            self,
            truth=self.truth[rows] if self.whole else self.truth,
            answer=self.answer[rows] if self.whole else self.answer,
            details={name: values[rows] for name, values in self.details.items()},
            metrics={name: values[rows] for name, values in self.metrics.items()},
        )

    def measure(self) -> Callable[[Floats], Measured]:
        """Return a function from weights `[resamples, rows]` to all metrics; every row must have a label.

        Of answers that are too large to keep it gives the mean of the rows' own metrics.
        """
        if not self.whole:
            return lambda weights: Measured(
                {name: _weighted_mean(weights, values) for name, values in self.metrics.items()}, {}
            )
        details = Details(self.details, self.level)
        with np.errstate(over="ignore", invalid="ignore"):
            return measured(self.scores, self.answer, self.truth, self.baseline, details)

    def by_row(self) -> dict[str, Floats]:
        """Return metric -> its value on each row alone, `[rows]`; NaN without a label, or where one row has none.

        That of `log_loss` is minus the log-likelihood of the row. Rows of a kind that judges a row among the others (as a
        search does) have none.
        """
        if not self.whole:
            return {name: np.asarray(values) for name, values in self.metrics.items()}
        used = np.flatnonzero(self.labelled)
        if self.scores.among_rows:
            return {}
        values: dict[str, Floats] = {}
        for start in range(0, len(used), _AT_ONCE):
            some = used[start : start + _AT_ONCE]
            with np.errstate(over="ignore", invalid="ignore"):
                alone = self.of_rows(some).measure()(np.eye(len(some)))
            for metric, own in alone.overall.items():
                values.setdefault(metric, np.full(len(self.truth), np.nan))[some] = own
        return values

    def kept(self) -> TaskAnswers:
        """Return the answers as a run keeps them: whole, or of large ones the metrics of each row."""
        details = {
            name: values
            for name, values in self.details.items()
            if len(values) == len(self.truth) and values.dtype.kind in "biuf"
        }
        rows = max(1, len(self.truth))
        needed = sum(array.nbytes for array in (self.truth, self.answer, *details.values()))
        if needed <= LARGEST * rows or self.scores.among_rows:
            return replace(self, details=details)
        unknown = {self.scores.headline: np.full(len(self.truth), np.nan)}
        nothing = np.zeros(0)
        return replace(
            self, truth=nothing, answer=nothing, details={}, metrics=self.by_row() or unknown
        )


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Rows that a report is about, with all tasks' truths and answers.

    Attributes:
        split: part of the rows: `test`, `validation` (the network that answers has not learnt from the row, with folds
            too), or `table` for all rows of a table that was evaluated.
        rows: their positions in the table, `[rows]`.
        table_rows: of the table.
        tasks: task -> its answers.
        groups: `[rows]`, a number per group where the run was split by group; None without.
        present: modality -> bool `[rows]`: the row has it.
        digests: column -> digest of its cells, by which the table is known again; empty for a table that was evaluated.
        plain: task -> answers of its plain models alone, where the run has any.
    """

    split: str
    rows: NDArray[np.intp]
    table_rows: int
    tasks: Mapping[str, TaskAnswers]
    groups: NDArray[np.intp] | None = None
    present: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    plain: Mapping[str, TaskAnswers] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return a line; the arrays are attributes."""
        tasks = ", ".join(self.tasks)
        return f"<HeldOut: {len(self.rows):,} {self.split} rows of {self.table_rows:,}, {tasks}>"

    def of_rows(self, rows: Array) -> HeldOut:
        """Return some of the rows, by position in `rows`."""
        return replace(
            self,
            rows=self.rows[rows],
            tasks={task: own.of_rows(rows) for task, own in self.tasks.items()},
            groups=None if self.groups is None else self.groups[rows],
            present={name: values[rows] for name, values in self.present.items()},
            plain={task: own.of_rows(rows) for task, own in self.plain.items()},
        )

    def are_of(self, table: Table) -> bool:
        """Return True if a table holds the rows of the fit; columns may have been added or taken out."""
        if table.rows != self.table_rows:
            return False
        both = [name for name in table.names if name in self.digests]
        return bool(both) and all(
            column_digest(table.data.column(name)) == self.digests[name] for name in both
        )

    @staticmethod
    def presence(dataset: Dataset, rows: Array) -> dict[str, NDArray[np.bool_]]:
        """Return modality -> bool `[rows]`: the row has it."""
        return {name: source.present()[rows] for name, source in dataset.sources.items()}


def _weighted_mean(weights: Floats, values: Floats) -> Floats:
    known = ~np.isnan(values)
    total = weights @ known.astype(np.float64)
    out = np.full(len(weights), np.nan)
    np.divide(weights @ np.where(known, values, 0.0), total, out=out, where=total > 0)
    return out

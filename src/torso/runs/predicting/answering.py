"""From a table to columns of answers, the same for a run with its network and for an exported model.

No torch: whoever answers gives predictions as arrays, and all before and after them is done here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from torso.columns.dataset import Dataset
from torso.columns.reading import Reading
from torso.core.listed import check_listed
from torso.core.notes import warn
from torso.runs.predicting.asked import Asked, Roots, ask, reading_of, require_labels
from torso.runs.predicting.edited import telling_of_edits
from torso.runs.predicting.pattern_check import PatternCheck
from torso.runs.predicting.prediction import (
    Prediction,
    answer_columns,
    beside,
    stacked,
    told,
)
from torso.runs.report.deciding import Said, decided, with_hand
from torso.runs.report.shown import Reports
from torso.tables.alike import alike
from torso.tables.table import Table
from torso.training import Prediction as HeadPrediction

if TYPE_CHECKING:
    import pandas as pd

    from torso.runs.folder.seen_rows import SeenRows
    from torso.runs.report.report import RunReport
    from torso.runs.schema.schema import Schema
    from torso.runs.settings.config import RunConfig
    from torso.tasks import Decision

__all__ = ["PIECE", "Answering"]

PIECE = 2048
"""Rows of a table whose files are in memory at once."""
_BATCH = 256
_OF_NUMBERS = 4
"""Times as many rows of tables of numbers and categories, whose operators are small."""
_SMALL = ("numbers", "categories")


class Answering(ABC):
    """Base of runs and exported models: frozen dataclasses with these fields.

    Attributes:
        config: the complete config.
        schema: fitted on the training rows.
        report: results on the rows that `fit` kept aside.
        folder: where it lies; None if it is in memory only.
        decisions: task -> thresholds that its answers go by, where it has any.
        strict: a table without some of the inputs, and a cell that cannot be read, are errors.
    """

    config: RunConfig
    schema: Schema
    report: RunReport
    folder: Path | None
    decisions: Mapping[str, Decision]
    strict: bool

    @property
    def reports(self) -> Reports:
        """Task -> its scores on the rows that `fit` kept aside."""
        return Reports(self.report.tasks)

    @property
    def metrics(self) -> dict[str, Any]:
        """The report as JSON values: content of `metrics.json`."""
        return self.report.to_dict()

    @property
    def baselines(self) -> Mapping[str, Mapping[str, Any]]:
        """Task -> the state of its baseline without inputs, learned from the training rows."""
        return self.report.baselines

    @property
    def notes(self) -> tuple[str, ...]:
        """Facts for the user: leaks, columns left out, tasks with a small share of the gradient."""
        return self.report.notes

    def scores(self) -> pd.DataFrame:
        """Return a frame with one row per task and metric: see `RunReport.scores`."""
        return self.report.scores()

    @abstractmethod
    def predictions(
        self, table: Table, dataset: Dataset, batch_size: int
    ) -> Mapping[str, HeadPrediction]:
        """Return task -> predictions for all rows of a table, before thresholds decide.

        Args:
            table: the rows.
            dataset: the table laid out.
            batch_size: rows that the model sees at once.
        """

    def predict(
        self,
        table: object,
        *,
        root: Roots = (),
        keep: Sequence[str] = (),
        batch_size: int | None = None,
        as_arrow: bool = False,
        details: bool = False,
    ) -> Any:
        """Answer for every row.

        Args:
            table: path, frame, Arrow table, rows or a row, a folder of files, a picture: see docs/python.md. Target
                columns are not needed and not read, absent inputs count as missing.
            root: folders or zips that file columns are relative to, instead of those in `run.yaml`.
            keep: columns of `table` to put before the answers.
            batch_size: rows that the model sees at once; None: 256, or 1,024 of numbers and categories alone.
            as_arrow: return an Arrow table, whatever was given.
            details: return a `Prediction`: the table of answers with the cells that were skipped.

        Returns:
            A table of the kind that was given (a pandas frame for paths and lists), one row per row, in the same order. Per
            task: the value; `<task>_probability` and one column per class, or `<task>_spread`, `<task>_low` and
            `<task>_high`; `<task>__low` where another target is called `<task>_low`.

        Raises:
            DataError: all inputs are absent, or too many files unreadable.
            MissingDependency: a pandas frame is asked for, and pandas is absent.
        """
        check_listed("keep", keep)
        # pandas may be absent: that is said before the work
        returned = None if as_arrow else alike(table)
        asked = self._asked(table, root)
        source, reading = asked.table, self._reading(asked)
        kept = {name: source.column(name).values for name in (*asked.kept, *keep)}
        gaps = PatternCheck(self.report.patterns, self.report.tasks)
        said, present = self.answered(source, reading, gaps, batch_size)
        reading.check()
        columns = beside(kept, said)
        answers = pa.table(columns) if returned is None else returned(pa.table(columns))
        skipped, notes = told(source, reading.log)
        notes = gaps.beside(notes, source.name, asked.told)
        if not details:
            for note in notes:
                warn(note)
            return answers
        notes = (*notes, *self._learnt_from(asked, reading))
        return Prediction(answers, skipped, notes, stacked(present))

    def answered(
        self, table: Table, reading: Reading, gaps: PatternCheck, batch_size: int | None
    ) -> tuple[dict[str, pa.Array], list[dict[str, NDArray[np.bool_]]]]:
        """Return the columns of answers to a table, and piece by piece which modalities its rows have.

        Args:
            table: has all inputs.
            reading: how its cells are read.
            gaps: counts the patterns of its rows.
            batch_size: rows that the model sees at once; None: as many as suit the run.
        """
        parts, present = [], []
        small = all(room.form in _SMALL for room in self.schema.modalities.values())
        times = _OF_NUMBERS if small else 1
        for piece in table.pieces(PIECE * times):
            with telling_of_edits(self.folder):
                dataset = self._laid_out(piece, reading)
                said = self.predictions(
                    piece, dataset, _BATCH * times if batch_size is None else batch_size
                )
                present.append(gaps.count(dataset))
                parts.append(self._written(piece, said))
                if {len(column) for column in parts[-1].values()} != {piece.rows}:
                    raise ValueError("an answer has another number of classes than its task")
        if len(parts) == 1:
            return parts[0], present
        return {
            name: pa.concat_arrays([part[name] for part in parts]) for name in parts[0]
        }, present

    def with_threshold(self, threshold: Said) -> Self:
        """Return the run with thresholds that are set by hand; probabilities stay as they are.

        >>> import torso
        >>> table = {"size": [k % 17 / 3 for k in range(90)], "big": [k % 17 > 8 for k in range(90)]}
        >>> run = torso.fit(table, {"big": "binary"}, quality="fast", settings={"training.epochs": 1})
        >>> [bool(run.with_threshold(at).predict({"size": [3.0]})["big"][0]) for at in (0.001, 0.999)]
        [True, False]

        Args:
            threshold: a number, where one task takes any; task -> number, or class or label -> number; None: without.

        Raises:
            ConfigError: a task that has no thresholds, an unknown class, or a number that is no threshold.
        """
        decisions, report = with_hand(self.decisions, self.report, self.schema, threshold)
        return replace(self, decisions=decisions, report=report)  # type: ignore[type-var]

    def _written(
        self, table: Table, predictions: Mapping[str, HeadPrediction]
    ) -> dict[str, pa.Array]:
        """Return the columns of answers to a table."""
        said = decided(self.schema, self.decisions, predictions)
        columns = self.schema.columns
        return answer_columns({task: columns(task, table, *both) for task, both in said.items()})

    def _asked(self, table: object, root: Roots, *, labels: bool = False) -> Asked:
        asked = ask(table, self.schema, self.config.data, root, strict=self.strict)
        if labels:
            require_labels(asked.table, self.schema)
        return asked

    def _reading(self, asked: Asked) -> Reading:
        return reading_of(asked, self.config.data, strict=self.strict)

    def _laid_out(self, table: Table, reading: Reading, *, targets: bool = False) -> Dataset:
        return self.schema.dataset(table, reading, targets=targets, sizes=self.config.sizes)

    @property
    def learnt_rows(self) -> tuple[SeenRows, int] | None:
        """Digests of rows that the run has learnt from, and the number of all such. Default: nothing is known."""
        return None

    def _learnt_from(self, asked: Asked, reading: Reading) -> tuple[str, ...]:  # noqa: ARG002
        """Return a sentence if the table holds rows that the run has learnt from. Default: none, nothing is known."""
        return ()

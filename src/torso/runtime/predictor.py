"""An exported model that answers tables, without torch. It never changes, so threads may share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torso.columns.dataset import Dataset
from torso.runs.predicting.answering import Answering
from torso.runs.predicting.prediction import joined, row_ranges
from torso.runs.report.answer_references import AnswerReference
from torso.runs.report.report import RunReport
from torso.runs.report.shown import as_html, as_text
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.runtime.flat_inputs import FlatInputs
from torso.runtime.graph import Graph
from torso.runtime.ports import Ports
from torso.tables.table import Table
from torso.tasks import Decision
from torso.training import Prediction as HeadPrediction

__all__ = ["OnnxPredictor"]


@dataclass(frozen=True, eq=False, repr=False)
class OnnxPredictor(Answering):
    """An exported model with all it needs to read a table and answer; `torso.load("model.onnx")` returns it.

    `predict` is that of a run: the same tables, the same columns, the same notes; only rows that the run has learnt from are
    not told, since an export does not hold them. For scores and explanations, open the run itself.

    Attributes:
        config: the complete config of the run.
        schema: fitted on its training rows.
        report: its results on the rows that `fit` kept aside.
        graph: computes predictions.
        ports: names of its inputs and outputs.
        flat: reads rows for the plain models in the graph; None without any.
        run: `name` and `digest` of the run that was exported.
        folder: the file; None if it is in memory only.
        strict: a table without some of the inputs, and a cell that cannot be read, are errors.
        decisions: task -> thresholds that its answers go by, where it has any.
        answer_references: task -> the run's answers to held-out rows in bins; empty in a file of an earlier version.
    """

    config: RunConfig
    schema: Schema
    report: RunReport
    graph: Graph
    ports: Ports
    flat: FlatInputs | None = None
    run: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    strict: bool = False
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    answer_references: Mapping[str, AnswerReference] = field(default_factory=dict)

    def __getattr__(self, name: str) -> object:
        """Raise an error that says where a run's other methods are."""
        raise AttributeError(
            f"An exported model has no attribute {name!r}: it answers tables by `predict`. For all else open the run: "
            "torso.load(RUN).",
            name=name,
            obj=self,
        )

    def __repr__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return as_html(self)

    def predictions(
        self, table: Table, dataset: Dataset, batch_size: int
    ) -> Mapping[str, HeadPrediction]:
        """Return task -> predictions for all rows of a table, before thresholds decide."""
        flat = None if self.flat is None else self.flat.rows(self.schema, table, dataset)
        parts = []
        for rows in row_ranges(table.rows, batch_size):
            arrays = self.ports.features(dataset, rows)
            arrays |= {} if flat is None else flat.of_rows(rows)
            parts.append(self.ports.predictions(self.graph.run(arrays)))
        return {task: joined([part[task] for part in parts]) for task in self.schema.targets}

"""An exported model that answers tables, without torch. It never changes, so threads may share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from torso.columns.dataset import Dataset
from torso.core.errors import RunError
from torso.runs.predicting.answering import Answering
from torso.runs.predicting.prediction import joined, row_ranges
from torso.runs.report.report import RunReport
from torso.runs.report.shown import as_html, as_text
from torso.runs.schema.schema import Schema
from torso.runs.settings.config import RunConfig
from torso.runtime.container import run_digest
from torso.runtime.flat_inputs import FlatInputs
from torso.runtime.graph import Graph
from torso.tables.table import Table
from torso.tasks import Decision
from torso.training import Prediction as HeadPrediction

__all__ = ["OnnxPredictor", "names_of_inputs"]


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
        flat: reads rows for the plain models in the graph; None without any.
        run: `name` and `digest` of the run that was exported.
        folder: the file; None if it is in memory only.
        strict: a table without some of the inputs, and a cell that cannot be read, are errors.
        decisions: task -> thresholds that its answers go by, where it has any.
    """

    config: RunConfig
    schema: Schema
    report: RunReport
    graph: Graph
    flat: FlatInputs | None = None
    run: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    strict: bool = False
    decisions: Mapping[str, Decision] = field(default_factory=dict)

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
        parts: dict[str, list[HeadPrediction]] = {task: [] for task in self.schema.targets}
        for rows in row_ranges(table.rows, batch_size):
            arrays = _features(dataset, rows) | ({} if flat is None else flat.of_rows(rows))
            said = self.graph.run(arrays)
            for task, own in parts.items():
                prefix = f"{task}."
                details = {
                    name.removeprefix(prefix): value
                    for name, value in said.items()
                    if name.startswith(prefix) and self._task_of(name) == task
                }
                own.append(HeadPrediction(said[task], details))
        return {task: joined(own) for task, own in parts.items()}

    def check_run(self, folder: Path) -> None:
        """Refuse an export of another run than that in a folder.

        Raises:
            RunError: it is of another, or of the same before it was trained again.
        """
        if run_digest(folder) != self.run.get("digest"):
            raise RunError(
                f"{str(self.folder)!r} is no export of {str(folder)!r}: it was made of a run named "
                f"{str(self.run.get('name', ''))!r}, or of this one before it was trained again. Export it: "
                f"torso export {folder} -o {self.folder}"
            )

    def _task_of(self, output: str) -> str:
        """Return the task that an output belongs to: tasks may have dots in their names, too."""
        tasks = [task for task in self.schema.targets if f"{output}.".startswith(f"{task}.")]
        return max(tasks, key=len, default="")


def names_of_inputs(schema: Schema, flat: FlatInputs | None) -> set[str]:
    """Return the names of all inputs that a graph may ask for."""
    names = {f"{name}{end}" for name in schema.modalities for end in ("", ".mask", ".sizes")}
    return names | ({*FlatInputs.NAMES} if flat is not None else set())


def _features(dataset: Dataset, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return input -> array for some rows."""
    arrays: dict[str, np.ndarray] = {}
    for name, source in dataset.sources.items():
        arrays[name], arrays[f"{name}.mask"] = source.batch(rows)
        if name in dataset.sizes:
            arrays[f"{name}.sizes"] = dataset.sizes[name].values[rows]
    return arrays

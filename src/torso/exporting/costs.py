"""Costs of a lighter graph: how its answers differ, and a score of each task on rows that the run held out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from torso.columns.loader import gather
from torso.core.errors import ConfigError
from torso.exporting.checking import Run
from torso.exporting.example import Rows
from torso.exporting.flat_rows import without_tokens
from torso.exporting.ports import InputPort
from torso.exporting.subject import Subject
from torso.plain.patterns import met
from torso.runs.predicting.asked import Roots, ask
from torso.training import Prediction

__all__ = ["Costs", "TaskCost", "measured"]

_AT_ONCE = 256


@dataclass(frozen=True)
class TaskCost:
    """A score of one task on held-out rows.

    Attributes:
        metric: name of the score.
        float32: of the graph in float32.
        lighter: of the lighter graph.
        labels: rows with a label.
    """

    metric: str
    float32: float
    lighter: float
    labels: int


@dataclass(frozen=True)
class Costs:
    """Costs of a lighter graph.

    Attributes:
        precision: of the graph.
        size: bytes of the graph, and of that in float32.
        differences: output -> largest difference to the run on drawn rows, as a share of the largest answer or of 1.
        split: rows that the scores are about, `test` or `validation`; empty where no table was given.
        tasks: task -> scores on these rows.
    """

    precision: str
    size: tuple[int, int]
    differences: Mapping[str, float]
    split: str = ""
    tasks: Mapping[str, TaskCost] | None = None

    def to_dict(self) -> dict[str, object]:
        """Return JSON values."""
        told = asdict(self)
        return {**told, "size": {"lighter": self.size[0], "float32": self.size[1]}}


def measured(
    subject: Subject,
    graphs: tuple[Run, Run],
    inputs: Mapping[str, InputPort],
    table: object,
    root: Roots = (),
) -> tuple[str, dict[str, TaskCost]]:
    """Return the split of the held-out rows, and task -> scores of two graphs on them.

    Args:
        subject: the run.
        graphs: in float32, and lighter.
        inputs: name -> port.
        table: that the run was fitted on.
        root: folders or zips that file columns are relative to.

    Raises:
        ConfigError: the table does not hold the run's held-out rows.
    """
    run = subject.run
    asked = ask(table, run.schema, run.config.data, root)
    why = "an earlier version wrote the run" if run.split is None else run.split.unlike(asked.table)
    if run.split is None or why:
        raise ConfigError(
            f"{asked.table.name} does not hold the rows that the run held out: {why}. "
            "Give the table that it was fitted on."
        )
    split = "test" if len(run.split.split.test) else "validation"
    rows = getattr(run.split.split, split)
    dataset = run.labelled(table, root=root)
    answers: tuple[list[dict[str, np.ndarray]], ...] = ([], [])
    for start in range(0, len(rows), _AT_ONCE):
        own = rows[start : start + _AT_ONCE]
        batch = Rows(gather(dataset, own).inputs)
        if subject.plain is not None:
            flat = without_tokens(subject.plain, run.schema, asked.table, dataset, own)
            batch = Rows(batch.features, flat, met(dataset.sources, own, subject.plain.patterns))
        feed = {name: value.numpy() for name, value in batch.tensors(inputs).items()}
        for graph, pieces in zip(graphs, answers, strict=True):
            pieces.append(dict(graph(feed)))
    labels = {task: target[rows] for task, target in dataset.targets.items()}
    reports = [run.scorer(_predictions(subject, pieces), labels, resamples=0) for pieces in answers]
    scores = {
        task: TaskCost(
            first.headline,
            first.metrics[first.headline].value,
            reports[1][task].metrics[first.headline].value,
            first.labels,
        )
        for task, first in reports[0].items()
    }
    return split, scores


def _predictions(subject: Subject, pieces: list[dict[str, np.ndarray]]) -> dict[str, Prediction]:
    """Return task -> prediction, from the answers of a graph to some rows after the others."""
    predictions: dict[str, Prediction] = {}
    for name, port in subject.outputs.items():
        value = np.concatenate([piece[name] for piece in pieces])
        if port.detail:
            predictions[port.task].details[port.detail] = value
        else:
            predictions[port.task] = Prediction(value, {})
    return predictions

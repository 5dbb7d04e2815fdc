"""Predictions of every task against their truths, each beside the baseline that sees no input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from torso.model.model import Model
from torso.runs.report.deciding import decided
from torso.runs.report.held_out import TaskAnswers
from torso.runs.report.shown import Reports
from torso.runs.schema.schema import Schema
from torso.tasks import Decision, Details, Judged, evaluate_task, with_own_metrics
from torso.training import Prediction

__all__ = ["Scorer"]


@dataclass(frozen=True)
class Scorer:
    """Scores the tasks of a run.

    Attributes:
        schema: fitted.
        model: whose heads say which share of the labels their intervals should hold.
        baselines: task -> what a predictor that sees no input learned from the training rows.
        seed: of the resamples.
        decisions: task -> thresholds that its answers go by.
        told: takes the messages of users' own metrics that fail.
    """

    schema: Schema
    model: Model
    baselines: Mapping[str, Mapping[str, object]]
    seed: int
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def __call__(
        self,
        predictions: Mapping[str, Prediction],
        truths: Mapping[str, np.ndarray],
        *,
        groups: np.ndarray | None = None,
        resamples: int = 1000,
    ) -> Reports:
        """Return task -> its report.

        Args:
            predictions: task -> what its head says.
            truths: task -> labels `[rows, ...]`.
            groups: `[rows]`; rows of one group are resampled together.
            resamples: of the bootstrap behind each interval.
        """
        return self.scored(self.answered(predictions, truths), groups=groups, resamples=resamples)

    def answered(
        self, predictions: Mapping[str, Prediction], truths: Mapping[str, np.ndarray]
    ) -> dict[str, TaskAnswers]:
        """Return task -> its answers by the thresholds, beside the truths, in the form that its scores compare."""
        predictions = decided(self.schema, self.decisions, predictions)
        return {
            task: TaskAnswers(
                kind.kind,
                kind.compared(truths[task]),
                kind.compared_answers(predictions[task].value),
                kind.compared_details(predictions[task].details, truths[task]),
                self.model.heads[task].level,
                tuple(kind.names),
                self.baselines[task],
            )
            for task, kind in self.schema.targets.items()
        }

    def scored(
        self,
        answers: Mapping[str, TaskAnswers],
        *,
        groups: np.ndarray | None = None,
        resamples: int = 1000,
    ) -> Reports:
        """Return task -> the report of its answers."""
        scored = {}
        for task, own in answers.items():
            rows = Judged(
                prediction=own.answer,
                truth=own.truth,
                baseline=own.baseline,
                details=own.details,
                names=list(own.names),
                groups=groups,
                resamples=resamples,
                seed=self.seed,
            )
            report = evaluate_task(
                own.kind,
                rows.prediction,
                rows.truth,
                rows.baseline,
                details=Details(rows.details, own.level),
                names=rows.names,
                groups=groups,
                resamples=resamples,
                seed=self.seed,
            )
            scored[task] = with_own_metrics(report, self.schema.metrics[task], rows, self.told)
        return Reports(scored)

    def notes(self) -> tuple[str, ...]:
        """Return sentences about metrics of the user's own that are undefined or left out, after a call."""
        absent = [
            f"Metric {metric.name!r} of {task!r} is left out. {metric.why}"
            for task, metrics in self.schema.metrics.items()
            for metric in metrics
            if metric.why
        ]
        return (*absent, *dict.fromkeys(self.told))

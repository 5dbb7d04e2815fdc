"""Predictions of every task against their truths, each beside the baseline that sees no input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from torso.model.model import Model
from torso.runs.deciding import decided
from torso.runs.schema import Schema
from torso.runs.shown import Reports
from torso.tasks import Decision, Details, evaluate_task
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
    """

    schema: Schema
    model: Model
    baselines: Mapping[str, Mapping[str, object]]
    seed: int
    decisions: Mapping[str, Decision] = field(default_factory=dict)

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
        predictions = decided(self.schema, self.decisions, predictions)
        scored = {
            task: evaluate_task(
                kind.kind,
                kind.compared_answers(predictions[task].value),
                kind.compared(truths[task]),
                self.baselines[task],
                details=Details(
                    kind.compared_details(predictions[task].details, truths[task]),
                    self.model.heads[task].level,
                ),
                names=kind.names,
                groups=groups,
                resamples=resamples,
                seed=self.seed,
            )
            for task, kind in self.schema.targets.items()
        }
        return Reports(scored)

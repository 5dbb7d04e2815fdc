"""Scores of a run's answers in every resample of the rows at once, so that differences are paired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from torso.evaluation.bootstrap import resamples_of, units_of
from torso.evaluation.weighted import Floats
from torso.runs.predicting.predictor import Predictor
from torso.runs.report.held_out import TaskAnswers
from torso.studies.importance.result import LIKELIHOOD
from torso.tasks import Details, Scores, labelled, measured
from torso.training import Prediction

__all__ = ["Drawn", "Judge"]

Drawn = Mapping[tuple[str, str], Floats]
"""Task and measure -> the measure on all rows, then in each resample; more is better."""


@dataclass(frozen=True, eq=False)
class _Task:
    """Rows of a task that count.

    Attributes:
        used: rows with a label.
        units: number of the group of each of them.
        headline: its metric.
        sign: -1 where less of it is better.
    """

    used: np.ndarray
    units: np.ndarray
    headline: str
    sign: float

    @property
    def num_units(self) -> int:
        """Number of rows or groups that are resampled."""
        return int(self.units.max(initial=-1)) + 1

    def signed(self, measure: str) -> float:
        """Return the sign that brings a score, of which more is better, to the metric's own."""
        return self.sign if measure == self.headline else 1.0


class Judge:
    """Compares predictions with the labels of some rows.

    Args:
        predictor: the run.
        targets: task -> labels `[rows, ...]`.
        groups: `[rows]`; whole groups are resampled. None: rows are.
        resamples: of the bootstrap.
        seed: of the resamples, the same for all predictions.
    """

    def __init__(
        self,
        predictor: Predictor,
        targets: Mapping[str, np.ndarray],
        groups: np.ndarray | None,
        resamples: int,
        seed: int,
    ) -> None:
        self._predictor = predictor
        self.targets = targets
        self._resamples, self._seed = resamples, seed
        self.tasks: dict[str, _Task] = {}
        for task, kind in predictor.schema.targets.items():
            used = np.flatnonzero(labelled(targets[task]))
            scores = Scores.registry.find(kind.kind).given(predictor.baselines[task])
            units = np.arange(len(used)) if groups is None else units_of(groups[used])
            sign = -1.0 if scores.headline in scores.errors else 1.0
            if len(used):
                self.tasks[task] = _Task(used, units, scores.headline, sign)

    def __call__(self, predictions: Mapping[str, Prediction]) -> Drawn:
        """Return the headline metric and the log-likelihood of every task with labels."""
        answers = self._predictor.scorer.answered(predictions, self.targets)
        drawn: dict[tuple[str, str], Floats] = {}
        for task, rows in self.tasks.items():
            for measure, values in self._measured(rows, answers[task]).items():
                drawn[task, measure] = values
        return drawn

    def _measured(self, rows: _Task, answers: TaskAnswers) -> dict[str, Floats]:
        scores = Scores.registry.find(answers.kind).given(answers.baseline)
        used = rows.used
        details = Details(answers.details, answers.level).of_rows(used)
        measure = measured(
            scores, answers.answer[used], answers.truth[used], answers.baseline, details
        )
        values: dict[str, list[Floats]] = {}
        with np.errstate(over="ignore", invalid="ignore"):
            resamples = resamples_of(rows.units, self._resamples, self._seed)
            for weights in (np.ones((1, len(used))), *resamples):
                overall = measure(weights).overall
                values.setdefault(rows.headline, []).append(rows.sign * overall[rows.headline])
                if "log_loss" in overall and rows.headline != "log_loss":
                    values.setdefault(LIKELIHOOD, []).append(-overall["log_loss"])
        return {name: np.concatenate(parts) for name, parts in values.items()}

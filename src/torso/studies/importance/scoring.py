"""A run on some rows: scores of its whole answers with cells exchanged or hidden."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from torso.runs.predicting.predictor import Predictor
from torso.studies.importance.answers import WholeAnswers
from torso.studies.importance.exchanged import Cells
from torso.studies.importance.judge import Drawn, Judge
from torso.studies.importance.laid_out import LaidOut

__all__ = ["Scoring"]

RESAMPLES = 1000


class Scoring:
    """Scores of a run.

    Args:
        predictor: the run.
        rows: labelled.
        seed: of the resamples, and of all draws.

    Attributes:
        modalities: modality -> its columns.
        filled: column -> bool `[rows]`: the rows that have it.
        judge: compares answers with labels.
    """

    def __init__(self, predictor: Predictor, rows: LaidOut, seed: int) -> None:
        schema = predictor.schema
        self.predictor, self.rows, self.seed = predictor, rows, seed
        self.modalities = {name: tuple(own.columns) for name, own in schema.modalities.items()}
        self.filled = {
            name: np.asarray(schema.column(rows.table, name).values.is_valid())
            for name in schema.inputs
        }
        self.answers = WholeAnswers(predictor, rows.table, rows.dataset, rows.layout)
        self.judge = Judge(predictor, rows.dataset.targets, rows.groups, RESAMPLES, seed)
        self._without: dict[frozenset[str], Drawn] = {}

    def score(self, cells: Cells) -> Drawn:
        """Return the scores of the answers to the rows with some cells changed; others stay."""
        outputs = self.answers.outputs({**self.answers.unchanged, **cells})
        return self.judge(self.answers.predictions(outputs, self.judge.targets))

    def without(self, columns: Sequence[str]) -> Drawn:
        """Return the scores if no row had these columns; without any, those of the run as it is."""
        key = frozenset(columns)
        if key not in self._without:
            gone = np.full(self.rows.dataset.rows, -1)
            self._without[key] = self.score(dict.fromkeys(columns, gone))
        return self._without[key]

    def present(self, columns: Sequence[str]) -> np.ndarray:
        """Return bool `[rows]`: the rows that have some of the columns."""
        return np.asarray(np.any([self.filled[name] for name in columns], axis=0))

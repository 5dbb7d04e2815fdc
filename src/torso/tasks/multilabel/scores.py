"""Several yes/no labels at once: scores of each label, their means, and micro-F1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from torso.evaluation.weighted import Floats, Ranking, f1, mean_defined, ratio, surprise
from torso.tasks._base.counts import METRICS
from torso.tasks._base.scores import Array, Baseline, Measured, Scores
from torso.tasks.multilabel.deciding import f1_thresholds, with_and_without

__all__ = ["MultilabelScores"]


class MultilabelScores(Scores, name="multilabel"):
    """Macro- and micro-F1, AUROC, average precision and log loss as plain means over labels.

    A label is a yes where the model has `chosen` it, or, where it does not say, from a probability above 0.5 on. The
    baseline chooses as the model does: by thresholds that suit F1, or by 0.5. A label that is undefined on these rows is
    left out of the means.

    Predictions are probabilities `[rows, labels]`; truths are 0 and 1, float `[rows, labels]`.
    """

    headline = "macro_f1"
    metrics = ("macro_f1", "micro_f1", "auroc", "average_precision", "log_loss")
    axes = (2, 2)

    def __init__(
        self,
        prediction: Array,
        truth: Array,
        guess: Array,  # noqa: ARG002
        chosen: Array | None = None,
    ) -> None:
        known = ~np.isnan(truth)
        yes = truth > 0.5
        self._known = known.astype(np.float64)
        self._true = yes.astype(np.float64)
        decided = prediction > 0.5 if chosen is None else chosen
        self._chosen = (decided & known).astype(np.float64)
        self._both = self._true * self._chosen
        self._surprise = surprise(np.where(yes, prediction, 1.0 - prediction)) * known
        rows = [np.flatnonzero(column) for column in known.T]
        self._rankings = [
            Ranking(prediction[some, at], yes[some, at], some) for at, some in enumerate(rows)
        ]

    @classmethod
    def told(
        cls, prediction: Array, truth: Array, guess: Array, details: Mapping[str, Array], /
    ) -> Self:
        """Return the scores of the labels that the model has chosen."""
        return cls(prediction, truth, guess, details.get("chosen"))

    @classmethod
    def plain_answers(cls, prediction: Array, details: Mapping[str, Array], /) -> Array:
        """Return 1 for each label that is chosen, else 0."""
        return np.asarray(details.get("chosen", prediction > 0.5), np.float64)

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        counts = weights @ self._both, weights @ self._chosen, weights @ self._true
        ranked = [ranking.measure(weights) for ranking in self._rankings]
        areas, precisions = (np.stack(some, axis=1) for some in zip(*ranked, strict=True))
        each = {
            "f1": f1(*counts),
            "auroc": areas,
            "average_precision": precisions,
            "log_loss": ratio(weights @ self._surprise, weights @ self._known),
        }
        overall = {"macro_f1" if name == "f1" else name: mean_defined(each[name]) for name in each}
        overall["micro_f1"] = f1(*(count.sum(axis=1) for count in counts))
        if self.decided_by not in ("", *overall):
            own = with_and_without(*counts, weights @ self._known)
            overall[self.decided_by] = mean_defined(METRICS[self.decided_by](own))
        return Measured(overall, each)

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:  # noqa: ARG004
        """Return the frequency of yes of each label."""
        columns = [column[~np.isnan(column)] for column in truth.astype(np.float64).T]
        return {
            "frequencies": [float(column.mean()) if len(column) else None for column in columns]
        }

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return the frequencies for every row, 0.5 for a label that was never known."""
        frequencies = [
            0.5 if frequency is None else frequency for frequency in baseline["frequencies"]
        ]
        return np.broadcast_to(np.array(frequencies, np.float64), prediction.shape)

    @staticmethod
    def blind(baseline: Baseline, truth: Array, level: float, /) -> dict[str, Array]:  # noqa: ARG004
        """Return the labels that the frequencies choose by the thresholds that suit F1."""
        frequencies = np.array([baseline["frequencies"]], np.float64)  # None becomes NaN
        return {"chosen": np.broadcast_to(frequencies >= f1_thresholds(frequencies), truth.shape)}

"""One class out of several: accuracy, macro-F1, ranking and log loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from torso.evaluation.weighted import Floats, Ranking, f1, mean_defined, ratio, surprise
from torso.tasks._base.counts import METRICS, Counts
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["CategoryScores"]


class CategoryScores(Scores, name="category"):
    """Accuracy, macro-F1, AUROC and average precision (one class against the rest), log loss.

    The macro averages go over the classes that occur: in truth or prediction for F1, in truth for the others.
    A truth past the last class is one the model never learnt; its probability is 0.

    The answer is what the model has `chosen`, or, where it does not say, the likeliest class.

    Predictions are probabilities `[rows, classes]`; truths are class indices, int `[rows]`, -1 where missing.
    """

    headline = "accuracy"
    metrics = ("accuracy", "macro_f1", "auroc", "average_precision", "log_loss")
    axes = (2, 1)
    whole = True

    def __init__(
        self,
        prediction: Array,
        truth: Array,
        guess: Array,  # noqa: ARG002
        chosen: Array | None = None,
    ) -> None:
        num_classes = max(prediction.shape[1], 1 + int(truth.max(initial=-1)))
        probability = np.pad(prediction, ((0, 0), (0, num_classes - prediction.shape[1])))
        choice = probability.argmax(axis=1) if chosen is None else chosen
        classes = np.arange(num_classes)
        self._right = (choice == truth).astype(np.float64)
        self._true = (truth[:, None] == classes).astype(np.float64)
        self._chosen = (choice[:, None] == classes).astype(np.float64)
        self._both = self._true * self._chosen
        self._surprise = surprise(probability[np.arange(len(truth)), truth])
        self._rankings = [Ranking(probability[:, at], truth == at) for at in classes]

    @classmethod
    def told(
        cls, prediction: Array, truth: Array, guess: Array, details: Mapping[str, Array], /
    ) -> Self:
        """Return the scores of the answers that the model has chosen."""
        if "chosen" not in details:
            return cls(prediction, truth, guess)
        return cls(prediction, truth, guess, details["chosen"])

    @classmethod
    def plain_answers(cls, prediction: Array, details: Mapping[str, Array], /) -> Array:
        """Return the class that is answered in each row: the likeliest, or the one by thresholds."""
        return np.asarray(details.get("chosen", prediction.argmax(axis=1)), np.int64)

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        total = weights.sum(axis=1)
        counts = Counts(weights @ self._both, weights @ self._chosen, weights @ self._true)
        f1s = f1(*counts)
        ranked = [ranking.measure(weights) for ranking in self._rankings]
        areas, precisions = (np.stack(some, axis=1) for some in zip(*ranked, strict=True))
        overall = {
            "accuracy": ratio(weights @ self._right, total),
            "macro_f1": mean_defined(f1s),
            "auroc": mean_defined(areas),
            "average_precision": mean_defined(precisions),
            "log_loss": ratio(weights @ self._surprise, total),
        }
        if self.decided_by not in ("", *overall):
            overall[self.decided_by] = METRICS[self.decided_by](counts)
        return Measured(overall, {"f1": f1s, "auroc": areas, "average_precision": precisions})

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:
        """Return the frequency of each class."""
        counts = np.bincount(truth, minlength=len(names))
        return {"frequencies": (counts / max(1, len(truth))).tolist()}

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return the frequencies for every row; a class without any gets 0, all alike if none was labelled."""
        learnt = np.zeros(prediction.shape[1])
        frequencies = np.asarray(baseline["frequencies"], np.float64)[: len(learnt)]
        learnt[: len(frequencies)] = frequencies
        if not learnt.any():
            learnt[:] = 1 / len(learnt)
        return np.broadcast_to(learnt, prediction.shape)

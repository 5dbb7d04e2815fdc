"""Yes or no: accuracy, F1, ranking and log loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from torso.evaluation.weighted import Floats, Ranking, f1, mean_defined, ratio, surprise
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["BinaryScores"]


class BinaryScores(Scores, name="binary"):
    """Accuracy, F1 of yes, F1 averaged over yes and no, AUROC, average precision of yes, log loss.

    A probability above 0.5 is a yes. AUROC is the headline as it does not reward saying the common answer.

    Predictions are probabilities of yes, `[rows]`; truths are 0 and 1, float `[rows]`.
    """

    headline = "auroc"
    metrics = ("auroc", "accuracy", "f1", "macro_f1", "average_precision", "log_loss")
    named = False

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        yes = truth > 0.5
        choice = prediction > 0.5
        self._true = np.stack([yes, ~yes], axis=1).astype(np.float64)
        self._chosen = np.stack([choice, ~choice], axis=1).astype(np.float64)
        self._both = self._true * self._chosen
        self._surprise = surprise(np.where(yes, prediction, 1.0 - prediction))
        self._ranking = Ranking(prediction, yes)

    @classmethod
    def positive(cls, names: Sequence[str], /) -> str:
        """Return the class that is a yes, where the two have names."""
        return names[1] if len(names) > 1 else ""

    @classmethod
    def plain_answers(cls, prediction: Array, details: Mapping[str, Array], /) -> Array:  # noqa: ARG003
        """Return 1 for a yes, 0 for a no."""
        return np.asarray(prediction > 0.5, np.float64)

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        total = weights.sum(axis=1)
        both = weights @ self._both
        f1s = f1(both, weights @ self._chosen, weights @ self._true)  # [resamples, yes and no]
        area, precision = self._ranking.measure(weights)
        overall = {
            "auroc": area,
            "accuracy": ratio(both.sum(axis=1), total),
            "f1": f1s[:, 0],
            "macro_f1": mean_defined(f1s),
            "average_precision": precision,
            "log_loss": ratio(weights @ self._surprise, total),
        }
        return Measured(overall, {})

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:  # noqa: ARG004
        """Return the frequency of yes."""
        return {"frequency": float(truth.mean(dtype=np.float64)) if len(truth) else None}

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return the frequency for every row, 0.5 if none was labelled."""
        frequency = baseline["frequency"]
        return np.full(prediction.shape, 0.5 if frequency is None else frequency)

"""Yes or no: accuracy, F1, ranking and log loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from torso.evaluation.weighted import Floats, Ranking, f1, mean_defined, ratio, surprise
from torso.tasks._base.counts import METRICS, Counts
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["BinaryScores"]


class BinaryScores(Scores, name="binary"):
    """Accuracy, F1 of yes, F1 averaged over yes and no, AUROC, average precision of yes, log loss.

    A yes is what the model has `chosen`, or, where it does not say, a probability above 0.5. The baseline says the majority;
    where thresholds are chosen for F1, its F1 is that of always yes, the best without inputs. AUROC is the headline as it
    does not reward saying the common answer.

    Predictions are probabilities of yes, `[rows]`; truths are 0 and 1, float `[rows]`.
    """

    headline = "auroc"
    metrics = ("auroc", "accuracy", "f1", "macro_f1", "average_precision", "log_loss")
    named = False

    def __init__(
        self,
        prediction: Array,
        truth: Array,
        guess: Array,
        chosen: Array | None = None,
    ) -> None:
        yes = truth > 0.5
        choice = prediction > 0.5 if chosen is None else chosen.astype(bool)
        self._true = np.stack([yes, ~yes], axis=1).astype(np.float64)
        self._chosen = np.stack([choice, ~choice], axis=1).astype(np.float64)
        self._both = self._true * self._chosen
        self._always = prediction is guess and self.decided_by == "f1"
        self._surprise = surprise(np.where(yes, prediction, 1.0 - prediction))
        self._ranking = Ranking(prediction, yes)

    @classmethod
    def told(
        cls, prediction: Array, truth: Array, guess: Array, details: Mapping[str, Array], /
    ) -> Self:
        """Return the scores of the answers that the model has chosen."""
        return cls(prediction, truth, guess, details.get("chosen"))

    @classmethod
    def positive(cls, names: Sequence[str], /) -> str:
        """Return the class that is a yes, where the two have names."""
        return names[1] if len(names) > 1 else ""

    @classmethod
    def plain_answers(cls, prediction: Array, details: Mapping[str, Array], /) -> Array:
        """Return 1 for a yes, 0 for a no."""
        return np.asarray(details.get("chosen", prediction > 0.5), np.float64)

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        total = weights.sum(axis=1)
        both = weights @ self._both
        counts = Counts(both, weights @ self._chosen, weights @ self._true)
        f1s = f1(*counts)  # [resamples, yes and no]
        area, precision = self._ranking.measure(weights)
        overall = {
            "auroc": area,
            "accuracy": ratio(both.sum(axis=1), total),
            "f1": f1(counts.true, total[:, None], counts.true)[:, 0] if self._always else f1s[:, 0],
            "macro_f1": mean_defined(f1s),
            "average_precision": precision,
            "log_loss": ratio(weights @ self._surprise, total),
        }
        if self.decided_by not in ("", *overall):
            overall[self.decided_by] = METRICS[self.decided_by](counts)
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

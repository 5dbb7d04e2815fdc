"""How far the answer's direction is from the label's, in degrees."""

import numpy as np

from torso.evaluation.weighted import ratio
from torso.tasks import Measured, Scores


class DirectionScores(Scores, name="direction"):
    headline = "error"
    errors = ("error",)
    words = {"error": "degrees off"}  # noqa: RUF012
    against = "mean direction"
    axes = (2, 2)
    metrics = ("error",)
    probable = False
    named = False

    def __init__(self, prediction, truth, guess):
        turned = np.arctan2(prediction[:, 1], prediction[:, 0]) - np.arctan2(
            truth[:, 1], truth[:, 0]
        )
        self._off = np.degrees(np.abs(np.mod(turned + np.pi, 2 * np.pi) - np.pi))

    def measure(self, weights, /):
        return Measured({"error": ratio(weights @ self._off, weights.sum(axis=1))}, {})

    @staticmethod
    def fit_baseline(truth, names, /):
        return {"mean": truth.mean(axis=0).tolist() if len(truth) else [1.0, 0.0]}

    @staticmethod
    def guess(baseline, prediction, /):
        return np.broadcast_to(np.array(baseline["mean"]), prediction.shape)

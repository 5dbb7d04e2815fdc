"""One class out of several in an order: kappa and the error in steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from torso.evaluation.weighted import Floats, ratio, surprise
from torso.tasks._base.scores import Array, Measured
from torso.tasks.category.scores import CategoryScores

__all__ = ["OrdinalScores"]


class OrdinalScores(CategoryScores, name="ordinal"):
    """Quadratic weighted kappa, mean error in places, accuracy, ranked probability score, log loss.

    The answer is the median class, which the mean error in places asks for. Kappa (Cohen, Psychological Bulletin 70,
    1968) is 1 where all answers are right and 0 where they agree with the truth no more than the same answers dealt
    out by chance. The ranked probability score (Epstein, Journal of Applied Meteorology 8, 1969) is the squared
    distance of the cumulative probabilities from the truth's, summed over the places; probability on a neighbour
    costs less than on a class far away.

    Predictions are probabilities `[rows, classes]`; truths are class indices, int `[rows]`, -1 where missing, none past
    the last class.
    """

    headline = "kappa"
    skills = ("kappa",)
    metrics = ("kappa", "mae", "accuracy", "rps", "log_loss")
    words: ClassVar[Mapping[str, str]] = {"rps": "RPS"}
    errors = ("mae", "rps", "log_loss")

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        classes = prediction.shape[1]
        below = prediction.cumsum(axis=1)
        choice = (below >= 0.5 - 1e-6).argmax(axis=1)
        rows, places = np.arange(len(truth)), np.arange(classes)
        self._right = (choice == truth).astype(np.float64)
        self._far = np.abs(choice - truth).astype(np.float64)
        self._true = (truth[:, None] == places).astype(np.float64)
        self._chosen = (choice[:, None] == places).astype(np.float64)
        steps = (truth[:, None] <= places).astype(np.float64)
        self._rps = ((below - steps) ** 2)[:, :-1].sum(axis=1)
        self._surprise = surprise(prediction[rows, truth])
        self._cost = (places[:, None] - places).astype(np.float64) ** 2

    @classmethod
    def plain_answers(cls, prediction: Array, details: Mapping[str, Array], /) -> Array:  # noqa: ARG003
        """Return the median class of each row."""
        return np.asarray((prediction.cumsum(axis=1) >= 0.5 - 1e-6).argmax(axis=1))

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        total = weights.sum(axis=1)
        true, chosen = weights @ self._true, weights @ self._chosen
        by_chance = ratio(((chosen @ self._cost) * true).sum(axis=1), total)
        overall = {
            "kappa": 1.0 - ratio(weights @ self._far**2, by_chance),
            "mae": ratio(weights @ self._far, total),
            "accuracy": ratio(weights @ self._right, total),
            "rps": ratio(weights @ self._rps, total),
            "log_loss": ratio(weights @ self._surprise, total),
        }
        return Measured(overall, {})

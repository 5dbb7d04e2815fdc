"""Retrieval: the rank of a row's own things when another modality searches for them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np

from torso.evaluation.weighted import Floats, mean_defined, ratio
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["RetrievalScores"]

_AT = (1, 5, 10)
_BLOCK = 512


class RetrievalScores(Scores, name="retrieval"):
    """Recall at 1, 5 and 10 and mean reciprocal rank, by direction and the mean over directions.

    Each row that has two modalities asks with one for the other among all rows evaluated, each once, and is answered by
    the best-placed row about the same thing. Rows that are alike stand in random order: recall is then its
    expectation, and the rank the expected one. So a predictor that says the same of everything has a recall of about k
    in N, which is the baseline. Resampling draws rows that ask; those that may be found stay.

    Predictions are vectors `[rows, modalities, width]`, zeros where a row lacks the modality; truths are int `[rows]`, the
    same in rows about the same thing, -1 where missing.
    """

    headline = "recall_at_10"
    metrics = (*(f"recall_at_{most}" for most in _AT), "mean_reciprocal_rank")
    errors = ()
    reflected = ()
    against = "chance"
    axes = (3, 1)
    whole = True
    probable = False
    alike = False
    among_rows = True

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        present = np.asarray(prediction.any(axis=2))
        pairs = list(permutations(range(prediction.shape[1]), 2))
        self._asks = np.zeros((len(truth), len(pairs)))
        self._found = {metric: np.zeros((len(truth), len(pairs))) for metric in self.metrics}
        for place, (asking, answering) in enumerate(pairs):
            asks = np.flatnonzero(present[:, asking] & present[:, answering])
            self._asks[asks, place] = 1.0
            there = np.flatnonzero(present[:, answering])
            for start in range(0, len(asks), _BLOCK):
                rows = asks[start : start + _BLOCK]
                near = prediction[rows, asking] @ prediction[there, answering].T
                same = truth[rows, None] == truth[there]
                for metric, values in _placed(near, same).items():
                    self._found[metric][rows, place] = values

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        count = weights @ self._asks
        each = {metric: ratio(weights @ values, count) for metric, values in self._found.items()}
        return Measured({metric: mean_defined(values) for metric, values in each.items()}, each)

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:  # noqa: ARG004
        """Return nothing: chance learns nothing."""
        return {}

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:  # noqa: ARG004
        """Return the same vector for everything that is there."""
        return np.broadcast_to(prediction.any(axis=2, keepdims=True), prediction.shape) * 1.0


def _placed(near: Array, same: Array) -> dict[str, Array]:
    """Return metric -> `[rows]` from `[rows, candidates]`: similarities, and candidates about the same thing."""
    best = np.where(same, near, -np.inf).max(axis=1, keepdims=True)
    tied = np.isclose(near, best, rtol=0.0, atol=1e-9)
    above = ((near > best) & ~tied).sum(axis=1)
    wrong, right = (tied & ~same).sum(axis=1), (tied & same).sum(axis=1)
    metrics = {}
    for most in _AT:
        missed = np.ones(len(near))
        for draw in range(most):
            share = np.clip((wrong - draw) / np.maximum(wrong + right - draw, 1), 0.0, 1.0)
            missed *= np.where(above + draw < most, share, 1.0)
        metrics[f"recall_at_{most}"] = 1.0 - missed
    metrics["mean_reciprocal_rank"] = 1.0 / (1.0 + above + wrong / (right + 1.0))
    return metrics

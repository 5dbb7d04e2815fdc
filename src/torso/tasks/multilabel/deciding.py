"""From which probability on a label is answered, so that answers have a high F1.

>>> import numpy as np
>>> f1_thresholds(np.array([[0.8, 0.2], [0.2, 0.1]])).round(3).tolist()
[0.374, 0.251]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from torso.evaluation.weighted import Array, Floats, f1, mean_defined
from torso.tasks._base.counts import METRICS, Counts
from torso.tasks._base.decider import Decider, Said, best_threshold, check_threshold, corrected

__all__ = ["MultilabelDecider", "f1_thresholds"]


def f1_thresholds(probabilities: Floats) -> Floats:
    """Return a threshold for each label, `[labels]`, above 0 and at most 0.5.

    Lipton, Elkan & Naryanaswamy, ECML PKDD 2014, "Optimal Thresholding of Classifiers to Maximize F1 Measure"
    (https://arxiv.org/abs/1402.1892): with calibrated probabilities the best threshold is half of the best F1. The
    best micro-F1 so gives one threshold to all labels, and the F1 of a label one of its own. Differs: the mean of the
    two, which costs little of micro-F1 and gains most of macro-F1. No label is counted, so a rare one among few rows
    has a sensible threshold, too.

    Args:
        probabilities: calibrated, `[rows, labels]`, of rows like those to come; NaN is left out.
    """
    probabilities = np.asarray(probabilities, np.float64)
    common = _best_f1(probabilities.ravel())
    own = np.array([_best_f1(column) for column in probabilities.T])
    own = np.where(np.isnan(own), common, own)
    return np.asarray(np.clip(np.nan_to_num((common + own) / 4, nan=0.5), 1e-6, 0.5))


def _best_f1(probabilities: Floats) -> float:
    """Return the best F1 of a threshold, as the ratio of expected counts; NaN without probabilities."""
    surest = -np.sort(-probabilities[~np.isnan(probabilities)])
    if not len(surest):
        return float("nan")
    right = np.cumsum(surest)
    answered = np.arange(1, len(surest) + 1)
    return float((2 * right / (answered + right[-1])).max())


class MultilabelDecider(Decider):
    """A label is answered from its threshold on; one without as its head says, or from 0.5 on."""

    usual = "macro_f1"

    def by_hand(self, said: Said) -> dict[str, float]:
        """Return the thresholds of the named labels; one number is that of all."""
        if isinstance(said, Mapping):
            return self._named(said)
        return dict.fromkeys(self.names, check_threshold(said))

    def decide(
        self, prediction: Array, thresholds: Mapping[str, float], details: Mapping[str, Array]
    ) -> Array:
        """Return bool `[rows, labels]`: the labels."""
        chosen = np.array(details.get("chosen", prediction >= 0.5))
        for index, name in enumerate(self.names):
            if name in thresholds:
                limit = np.asarray(thresholds[name], prediction.dtype)
                chosen[:, index] = prediction[:, index] >= limit
        return chosen

    def choose(self, metric: str, prediction: Array, truth: Array) -> dict[str, float]:
        """Return a threshold for each label; micro-F1 asks for one that all share."""
        said, known = prediction.astype(np.float64), ~np.isnan(truth)
        expected = np.zeros(said.shape)
        for index in np.flatnonzero(known.any(axis=0)):
            rows = known[:, index]
            chances, labels = said[rows, index], truth[rows, index].astype(np.int64)
            expected[rows, index] = corrected(np.stack([1 - chances, chances], 1), labels)[:, 1]
        own = "f1" if metric.endswith("f1") else metric
        if metric == "micro_f1":
            limit = best_threshold(own, said[known], expected[known]) if known.any() else 0.5
            return dict.fromkeys(self.names, limit)
        return {
            name: best_threshold(
                own, said[known[:, index], index], expected[known[:, index], index]
            )
            for index, name in enumerate(self.names)
            if known[:, index].any()
        }

    def measure(self, metric: str, chosen: Array, truth: Array) -> Callable[[Floats], Floats]:
        """Return a function from weights to the metric."""
        known = ~np.isnan(truth)
        true = (known & (truth > 0.5)).astype(np.float64)
        answered = (known & chosen).astype(np.float64)

        def measured(weights: Floats) -> Floats:
            both, given, were = (weights @ part for part in (true * answered, answered, true))
            if metric == "micro_f1":
                return f1(*(part.sum(axis=1) for part in (both, given, were)))
            own = with_and_without(both, given, were, weights @ known.astype(np.float64))
            return mean_defined(METRICS["f1" if metric == "macro_f1" else metric](own))

        return measured


def with_and_without(both: Floats, chosen: Floats, true: Floats, known: Floats) -> Counts:
    """Return the counts of rows without and with each label, `[resamples, labels, 2]`, from those of rows with it.

    Args:
        both: rows that have the label, and were answered so.
        chosen: answered so.
        true: that have it.
        known: of which it is known.
    """
    pairs = [(known - chosen - true + both, both), (known - chosen, chosen), (known - true, true)]
    return Counts(*(np.stack(pair, axis=-1) for pair in pairs))

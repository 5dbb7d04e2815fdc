"""Tags along a text or time series: F1 of spans, accuracy of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from torso.evaluation.weighted import Floats, f1, ratio, surprise
from torso.tasks._base.scores import Array, Baseline, Measured, Scores
from torso.tasks.tags.codes import spans_of, tags_of, touching

__all__ = ["TagsScores"]


class TagsScores(Scores, name="tags"):
    """F1 of spans, and accuracy of steps, "no tag" included.

    A predicted span is right if a true one has its first step, its last step and its tag (the scoring of Tjong Kim Sang
    and De Meulder, CoNLL 2003, https://arxiv.org/abs/cs/0306050). Spans are counted over all rows and tags together, and
    for the report of one tag over all rows. Steps of which nothing is known count nowhere, and no span passes them. A
    tag that the model never learnt is one more, of which nothing is found.

    The baseline says the most frequent tag, or none, of every step.

    Predictions and truths are codes `[rows, steps]` (`torso.tasks.tags.codes`), truths -1 where missing.
    """

    headline = "span_f1"
    metrics = ("span_f1", "step_accuracy", "log_loss")
    words: ClassVar[Mapping[str, str]] = {"span_f1": "span F1"}
    reflected = ()
    against = "usual tag"
    axes = (2, 2)
    whole = True
    probable = False
    steps = True

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        known = truth >= 0
        chosen = np.where(known, prediction, -1).astype(np.int64)
        tags = tags_of(truth)
        num_tags = int(max(tags.max(initial=1), tags_of(chosen).max(initial=1)))
        true, answered = spans_of(truth), spans_of(chosen)
        right = answered[_among(answered, true)]
        self._true, self._chosen, self._both = (
            _counts(spans, len(truth), num_tags) for spans in (true, answered, right)
        )
        self._right = ((tags == tags_of(chosen)) & known).sum(axis=1).astype(np.float64)
        self._known = known.sum(axis=1).astype(np.float64)

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        both, chosen, true = (weights @ counts for counts in (self._both, self._chosen, self._true))
        overall = {
            "span_f1": f1(both.sum(axis=1), chosen.sum(axis=1), true.sum(axis=1)),
            "step_accuracy": ratio(weights @ self._right, weights @ self._known),
        }
        return Measured(overall, {"span_f1": f1(both, chosen, true)})

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:
        """Return how frequent no tag and each tag is among the steps, or each code where spans of one tag touch."""
        parted = touching(truth)
        classes = truth if parted else tags_of(truth)
        least = 1 + len(names) * (2 if parted else 1)
        counts = np.bincount(classes[classes >= 0].astype(np.int64), minlength=least)
        return {"frequencies": (counts / max(1, counts.sum())).tolist(), "parted": parted}

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return the most frequent tag for every step, as one span."""
        usual = int(np.argmax(_of_tags(baseline)))
        codes = np.full(prediction.shape, 2.0 * usual)
        codes[:, :1] -= usual > 0
        return codes

    @staticmethod
    def blind(baseline: Baseline, truth: Array, level: float, /) -> dict[str, Array]:  # noqa: ARG004
        """Return `log_loss`: of the frequencies, per step of a row."""
        frequencies = np.append(np.asarray(baseline["frequencies"], np.float64), 0.0)
        classes = truth if baseline["parted"] else tags_of(truth)
        each = surprise(frequencies[np.clip(classes, 0, len(frequencies) - 1)])
        known = classes >= 0
        return {"log_loss": ratio(np.where(known, each, 0.0).sum(axis=1), known.sum(axis=1))}


def _of_tags(baseline: Baseline) -> Floats:
    frequencies = np.asarray(baseline["frequencies"], np.float64)
    if not baseline["parted"]:
        return frequencies
    tags = np.bincount(tags_of(np.arange(len(frequencies))), weights=frequencies)
    return np.asarray(tags, np.float64)


def _among(some: Array, others: Array) -> NDArray[np.bool_]:
    """Return bool `[some]`: which of the spans are among the others."""
    known = {tuple(span) for span in others.tolist()}
    return np.array([tuple(span) in known for span in some.tolist()], bool)


def _counts(spans: Array, rows: int, tags: int) -> Floats:
    """Return how many spans of each tag each row has, `[rows, tags]`."""
    counts = np.zeros((rows, tags))
    np.add.at(counts, (spans[:, 0], spans[:, 3]), 1.0)
    return counts

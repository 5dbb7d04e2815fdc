"""Texts: chrF, and the share of texts without any error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from torso.evaluation.weighted import Floats, ratio
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["CaptionScores", "chrf", "matches"]

_ORDERS = 6
_BETA = 2.0
"""Weight of recall against precision."""
_CANDIDATES, _OTHERS = 16, 128


class CaptionScores(Scores, name="caption"):
    """chrF, and the share of texts that are wholly right, letter by letter.

    chrF is the F-score, recall weighing twice, of the n-grams of characters that prediction and truth share, spaces
    left out; precision and recall are those of all rows together, averaged over n from 1 to 6 (M. Popović, WMT 2015,
    https://aclanthology.org/W15-3049/, there also with equal weights; chrF2 in sacreBLEU). Here it is from 0 to 1.

    Texts are code points, -1 behind the last.
    """

    headline = "chrf"
    metrics = ("chrf", "exact_match", "log_loss")
    words: ClassVar[Mapping[str, str]] = {"chrf": "chrF"}
    reflected = ()
    against = "usual text"
    axes = (2, 2)
    whole = True
    probable = False
    named = False
    alike = False

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        pairs = [*zip(_texts(prediction), _texts(truth), strict=True)]
        self._exact = np.array([said == meant for said, meant in pairs], np.float64)
        self._counts = np.zeros((len(pairs), 3 * _ORDERS))
        for row, (said, meant) in enumerate(pairs):
            self._counts[row] = matches(said, meant).ravel()

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        counts = (weights @ self._counts).reshape(len(weights), 3, _ORDERS)
        exact = ratio(weights @ self._exact, weights.sum(axis=1))
        return Measured({"chrf": chrf(counts), "exact_match": exact}, {})

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:  # noqa: ARG004
        """Return the most frequent text; among equally frequent ones, the one that is most like the others."""
        counts = Counter(_texts(truth))
        most = max(counts.values(), default=0)
        often = _some(sorted(text for text, count in counts.items() if count == most), _CANDIDATES)
        if len(often) < 2:
            return {"text": "".join(often)}
        others = _some(sorted(counts.elements()), _OTHERS)
        shared = np.stack([sum(matches(text, other) for other in others) for text in often])
        return {"text": often[int(chrf(shared).argmax())]}

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return that text for every row."""
        points = np.array([ord(letter) for letter in baseline["text"]] or [-1], np.float64)
        return np.broadcast_to(points, (len(prediction), len(points)))


def matches(prediction: str, truth: str) -> Floats:
    """Return how many n-grams the texts share, the prediction has, and the truth has, by n, `[3, 6]`.

    >>> matches("a bc", "abd")[:, :3].tolist()
    [[2.0, 1.0, 0.0], [3.0, 2.0, 1.0], [3.0, 2.0, 1.0]]
    """
    solid = ["".join(text.split()) for text in (prediction, truth)]
    out = np.zeros((3, _ORDERS))
    for place in range(_ORDERS):
        said, meant = (_grams(text, place + 1) for text in solid)
        out[:, place] = (said & meant).total(), said.total(), meant.total()
    return out


def chrf(counts: Floats) -> Floats:
    """Return the score of summed `matches` `[..., 3, 6]`; NaN where there is no truth, 0 where nothing was said.

    Averaged are the n for which both have an n-gram.
    """
    shared, said, meant = (counts[..., place, :] for place in range(3))
    both = (said > 0) & (meant > 0)
    orders = both.sum(axis=-1)
    precision, recall = (
        np.where(both, shared, 0.0) / np.where(both, all_, 1.0) for all_ in (said, meant)
    )
    p, r = (values.sum(axis=-1) / np.maximum(orders, 1) for values in (precision, recall))
    below = _BETA**2 * p + r
    score = (1 + _BETA**2) * p * r / np.where(below > 0, below, 1.0)
    return np.asarray(np.where(meant.sum(axis=-1) > 0, score, np.nan))


def _grams(text: str, size: int) -> Counter[str]:
    return Counter(text[start : start + size] for start in range(len(text) - size + 1))


def _texts(points: Array) -> list[str]:
    """Return the texts of code points `[rows, characters]`."""
    return ["".join(map(chr, row[row >= 0].astype(int).tolist())) for row in points]


def _some(texts: Sequence[str], most: int) -> list[str]:
    """Return `most` of the texts at even distances, or all if there are no more."""
    places = np.linspace(0, len(texts) - 1, min(most, len(texts))).astype(int)
    return [texts[place] for place in places]

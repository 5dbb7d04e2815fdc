"""Detection metrics: overlap (IoU), matching with true boxes, average precision of each class."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from torso.evaluation.weighted import Array, Floats, Ranking, ratio

__all__ = ["HIT", "AveragePrecisions", "areas", "class_counts", "greedy_hits", "iou"]

HIT = 0.5
"""Overlap (intersection over union) from which a thing is found, and probability from which one is counted."""


def areas(boxes: Floats, others: Floats) -> tuple[Floats, Floats]:
    """Return the areas of intersection and of union of corners x0, y0, x1, y1 `[..., 4]`."""

    def area(first: Floats, last: Floats) -> Floats:
        return np.asarray(np.prod(np.maximum(last - first, 0.0), axis=-1))

    (a, b), (c, d) = np.split(boxes, 2, axis=-1), np.split(others, 2, axis=-1)
    shared = area(np.maximum(a, c), np.minimum(b, d))
    return shared, area(a, b) + area(c, d) - shared


def iou(boxes: Floats, others: Floats) -> Floats:
    """Return the intersection over union of corners x0, y0, x1, y1 `[..., 4]`.

    >>> float(iou(np.array([0.0, 0.0, 2.0, 2.0]), np.array([1.0, 0.0, 3.0, 2.0])))
    0.3333333333333333
    """
    return ratio(*areas(boxes, others))


def greedy_hits(
    row: Array, named: Array, score: Floats, truth: Array, overlaps: Callable[[int], Floats]
) -> NDArray[np.bool_]:
    """Return bool `[answers]`: which of the answers are right.

    From the surest down, each takes the true thing of its class and row that it overlaps most, among those not taken
    yet, and is right if the overlap is at least 0.5 (M. Everingham et al., "The Pascal Visual Object Classes (VOC)
    Challenge", IJCV 88, 2010).

    Args:
        row: of each answer.
        named: class of each.
        score: of each.
        truth: classes of the true things, `[rows, most]`, less than 0 where there is none.
        overlaps: of an answer, by position, with the true things of its row, `[most]`.
    """
    right = np.zeros(len(row), bool)
    taken = np.zeros(truth.shape, bool)
    for at in np.argsort(-score, kind="stable"):
        free = (truth[row[at]] == named[at]) & ~taken[row[at]]
        if not free.any():
            continue
        overlap = np.where(free, overlaps(int(at)), -1.0)
        best = int(overlap.argmax())
        right[at] = overlap[best] >= HIT
        taken[row[at], best] = right[at]
    return right


def class_counts(truth: Array) -> Floats:
    """Return how many true things a row has of each class, `[rows, classes]`, from `[rows, most]` as above."""
    num_classes = 1 + int(truth.max(initial=0, where=truth >= 0))
    counts = [(truth == at).sum(axis=1) for at in range(num_classes)]
    return np.stack(counts, axis=1).astype(np.float64)


class AveragePrecisions:
    """Average precision of each class: the sum of the precisions at the right answers, over the number of true things.

    Args:
        row: of each answer.
        named: class of each.
        score: of each; they are ranked by it over all rows.
        right: whether it is right.
        true: number of true things, `[rows, classes]`.
    """

    def __init__(
        self, row: Array, named: Array, score: Floats, right: NDArray[np.bool_], true: Floats
    ) -> None:
        self._true = true
        self._right = np.zeros_like(true)
        self._rankings = []
        for at in range(true.shape[1]):
            own = named == at
            np.add.at(self._right[:, at], row[own & right], 1.0)
            self._rankings.append(Ranking(score[own], right[own], row[own]))

    def measure(self, weights: Floats) -> Floats:
        """Return `[resamples, classes]`, NaN for a class that the truth does not hold."""
        among = np.stack([ranking.measure(weights)[1] for ranking in self._rankings], axis=1)
        true, right = weights @ self._true, weights @ self._right
        return ratio(np.where(right > 0, among, 0.0) * right, true)

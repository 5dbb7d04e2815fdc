"""Boxes: are the things found, and no others, and where they are?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from torso.evaluation.scores import Array, Measured, Scores
from torso.evaluation.weighted import Floats, Ranking, mean_defined, ratio

__all__ = ["BoxesScores", "iou"]

_HIT = 0.5
"""Overlap (intersection over union) from which a box is found, and probability from which one is counted."""


class BoxesScores(Scores, name="boxes"):
    """Average precision at an overlap of 0.5, averaged over the classes, and by how many boxes a row's count is off.

    The boxes that are predicted of a class are ranked by probability over all rows. In that order each takes the true
    box of its class and row that it overlaps most, among those not taken yet, and is right if the overlap is at least
    0.5 (M. Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge", IJCV 88, 2010). Average precision is
    the sum of the precisions at the right ones, over the number of true boxes; it is not interpolated, so a little
    below that of COCO. It is defined for classes that the truth holds.
    """

    headline = "average_precision"
    errors = ("count_error",)
    against = "mean boxes"
    axes = (3, 3)
    probable = False
    alike = False
    gaps = True

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        there = truth[..., 4] >= 0
        num_classes = 1 + int(truth[..., 4].max(initial=0, where=there))
        self._true = np.stack(
            [(truth[..., 4] == at).sum(axis=1).astype(np.float64) for at in range(num_classes)],
            axis=1,
        )
        known = ~np.isnan(prediction[..., 5])
        counted = (prediction[..., 5] >= _HIT) & known
        self._off = np.abs(counted.sum(axis=1) - there.sum(axis=1)).astype(np.float64)
        row, _ = np.nonzero(known)
        boxes = prediction[known]
        right = _hits(row, boxes, truth)
        self._right = np.zeros_like(self._true)
        self._rankings = []
        for at in range(num_classes):
            own = boxes[:, 4] == at
            np.add.at(self._right[:, at], row[own & right], 1.0)
            self._rankings.append(Ranking(boxes[own, 5], right[own], row[own]))

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        among = np.stack([ranking.measure(weights)[1] for ranking in self._rankings], axis=1)
        true, right = weights @ self._true, weights @ self._right
        precisions = ratio(np.where(right > 0, among, 0.0) * right, true)
        overall = {
            "average_precision": mean_defined(precisions),
            "count_error": ratio(weights @ self._off, weights.sum(axis=1)),
        }
        return Measured(overall, {"average_precision": precisions})

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> dict[str, Any]:  # noqa: ARG004
        """Return the mean box of each class, and the share of rows that hold one."""
        boxes, shares = [], []
        for at in range(1 + int(truth[..., 4].max(initial=-1, where=truth[..., 4] >= 0))):
            own = truth[..., 4] == at
            boxes.append(truth[own][:, :4].astype(np.float64).mean(axis=0) if own.any() else None)
            shares.append(float(own.any(axis=1).mean()))
        return {
            "boxes": [None if box is None else box.tolist() for box in boxes],
            "shares": shares,
        }

    @staticmethod
    def guess(baseline: Mapping[str, Any], prediction: Array, /) -> Array:
        """Return these boxes for every row, as probable as their share."""
        pairs = zip(baseline["boxes"], baseline["shares"], strict=True)
        learnt = [[*box, at, share] for at, (box, share) in enumerate(pairs) if box is not None]
        boxes = np.array(learnt, np.float64).reshape(1, -1, 6)
        return np.broadcast_to(boxes, (len(prediction), *boxes.shape[1:]))


def iou(one: Floats, other: Floats) -> Floats:
    """Return the intersection over union of corners x0, y0, x1, y1 `[..., 4]`.

    >>> float(iou(np.array([0.0, 0.0, 2.0, 2.0]), np.array([1.0, 0.0, 3.0, 2.0])))
    0.3333333333333333
    """

    def area(first: Floats, last: Floats) -> Floats:
        return np.asarray(np.prod(np.maximum(last - first, 0.0), axis=-1))

    (a, b), (c, d) = np.split(one, 2, axis=-1), np.split(other, 2, axis=-1)
    shared = area(np.maximum(a, c), np.minimum(b, d))
    return ratio(shared, area(a, b) + area(c, d) - shared)


def _hits(row: Array, boxes: Floats, truth: Array) -> NDArray[np.bool_]:
    """Return bool `[boxes]`: which of `boxes` `[boxes, 6]` are right, `row` saying whose they are."""
    right = np.zeros(len(boxes), bool)
    taken = np.zeros(truth.shape[:2], bool)
    for at in np.argsort(-boxes[:, 5], kind="stable"):
        of = truth[row[at]]
        free = (of[:, 4] == boxes[at, 4]) & ~taken[row[at]]
        if not free.any():
            continue
        overlaps = np.where(free, iou(boxes[at, :4], of[:, :4].astype(np.float64)), -1.0)
        best = int(overlaps.argmax())
        right[at] = overlaps[best] >= _HIT
        taken[row[at], best] = right[at]
    return right

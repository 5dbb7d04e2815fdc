"""Boxes: average precision, and the error of the number of boxes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from torso.evaluation.overlaps import HIT, AveragePrecisions, class_counts, greedy_hits, iou
from torso.evaluation.weighted import Floats, mean_defined, ratio
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["BoxesScores"]


class BoxesScores(Scores, name="boxes"):
    """Average precision at an overlap of 0.5, averaged over the classes, and by how many boxes a row's count is off.

    The boxes that are predicted of a class are ranked by probability over all rows. In that order each takes the true
    box of its class and row that it overlaps most, among those not taken yet, and is right if the overlap is at least
    0.5 (M. Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge", IJCV 88, 2010). Average precision is
    the sum of the precisions at the right ones, over the number of true boxes; it is not interpolated, so a little
    below that of COCO. It is defined for classes that the truth holds.

    Predictions are `[rows, boxes, 6]`: corners, class and its probability, NaN for none. Truths are `[rows, most, 5]`:
    corners and class, the class -1 for none, and all NaN where missing.
    """

    headline = "average_precision"
    metrics = ("average_precision", "count_error")
    errors = ("count_error",)
    against = "mean boxes"
    axes = (3, 3)
    probable = False
    alike = False
    gaps = True

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        there, named = truth[..., 4] >= 0, truth[..., 4]
        known = ~np.isnan(prediction[..., 5])
        counted = (prediction[..., 5] >= HIT) & known
        self._off = np.abs(counted.sum(axis=1) - there.sum(axis=1)).astype(np.float64)
        row, _ = np.nonzero(known)
        boxes, corners = prediction[known], truth[..., :4].astype(np.float64)
        right = greedy_hits(
            row, boxes[:, 4], boxes[:, 5], named, lambda at: iou(boxes[at, :4], corners[row[at]])
        )
        self._precisions = AveragePrecisions(
            row, boxes[:, 4], boxes[:, 5], right, class_counts(named)
        )

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        precisions = self._precisions.measure(weights)
        overall = {
            "average_precision": mean_defined(precisions),
            "count_error": ratio(weights @ self._off, weights.sum(axis=1)),
        }
        return Measured(overall, {"average_precision": precisions})

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:  # noqa: ARG004
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
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return these boxes for every row, as probable as their share."""
        pairs = zip(baseline["boxes"], baseline["shares"], strict=True)
        learnt = [[*box, at, share] for at, (box, share) in enumerate(pairs) if box is not None]
        boxes = np.array(learnt, np.float64).reshape(1, -1, 6)
        return np.broadcast_to(boxes, (len(prediction), *boxes.shape[1:]))

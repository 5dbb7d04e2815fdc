"""A class per pixel: mean IoU and pixel accuracy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from torso.evaluation.weighted import Floats, mean_defined, ratio
from torso.tasks._base.scores import Array, Baseline, Measured, Scores

__all__ = ["MaskScores"]


class MaskScores(Scores, name="mask"):
    """Mean intersection over union (IoU) and pixel accuracy, over the labelled pixels.

    The IoU of a class is the number of pixels that are of it in truth and prediction, over the number that are of it
    in either, both counted over all rows at once; the mean is over the classes that occur in truth or prediction. A
    truth past the last class is one the model never learnt: one more class, of which nothing is found.

    Predictions are class indices `[rows, height, width]`; truths the same, int, -1 where missing.
    """

    headline = "mean_iou"
    metrics = ("mean_iou", "pixel_accuracy")
    errors = ()
    reflected = ()
    against = "usual mask"
    axes = (3, 3)
    whole = True
    probable = False

    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None:  # noqa: ARG002
        known = truth >= 0
        num_classes = 1 + int(max(prediction.max(initial=0), truth.max(initial=0)))
        self._true, self._chosen, self._both = (
            np.zeros((len(truth), num_classes)) for _ in range(3)
        )
        for at in range(num_classes):
            true, chosen = known & (truth == at), known & (prediction == at)
            self._true[:, at] = true.sum(axis=(1, 2))
            self._chosen[:, at] = chosen.sum(axis=(1, 2))
            self._both[:, at] = (true & chosen).sum(axis=(1, 2))

    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""
        true, chosen, both = (weights @ pixels for pixels in (self._true, self._chosen, self._both))
        ious = ratio(both, true + chosen - both)
        overall = {
            "mean_iou": mean_defined(ious),
            "pixel_accuracy": ratio(both.sum(axis=1), true.sum(axis=1)),
        }
        return Measured(overall, {"iou": ious})

    @staticmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:  # noqa: ARG004
        """Return the most frequent class at every place, `[height][width]`; where none was seen, that of all places."""
        counts = np.stack([(truth == at).sum(axis=0) for at in range(1 + truth.max(initial=0))])
        usual = counts.sum(axis=(1, 2)).argmax()
        return {"mask": np.where(counts.any(axis=0), counts.argmax(axis=0), usual).tolist()}

    @staticmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return that mask for every row."""
        return np.broadcast_to(np.array(baseline["mask"], np.float64), prediction.shape)

"""From which probability on a label is answered, so that answers have a high F1.

>>> import numpy as np
>>> f1_thresholds(np.array([[0.8, 0.2], [0.2, 0.1]])).round(3).tolist()
[0.374, 0.251]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["f1_thresholds"]

Floats = NDArray[np.float64]


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

"""Metrics of decisions, from how many rows of each class were answered rightly.

>>> import numpy as np
>>> counts = Counts(both=np.array([[3.0, 1.0]]), chosen=np.array([[5.0, 3.0]]), true=np.array([[4.0, 4.0]]))
>>> {name: METRICS[name](counts).round(3).tolist() for name in ("accuracy", "balanced_accuracy", "f1")}
{'accuracy': [0.5], 'balanced_accuracy': [0.5], 'f1': [0.286]}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from torso.evaluation.weighted import Floats, f1, mean_defined, ratio

__all__ = ["METRICS", "Counts"]


class Counts(NamedTuple):
    """Rows of each class in some resamples, `[resamples, classes]` each; expected ones need not be whole.

    Attributes:
        both: of the class, and answered so.
        chosen: answered so.
        true: of the class.
    """

    both: Floats
    chosen: Floats
    true: Floats


METRICS: Mapping[str, Callable[[Counts], Floats]] = {
    "accuracy": lambda counts: ratio(counts.both.sum(-1), counts.chosen.sum(-1)),
    "balanced_accuracy": lambda counts: mean_defined(ratio(counts.both, counts.true)),
    "f1": lambda counts: f1(*counts)[..., 1],
    "macro_f1": lambda counts: mean_defined(f1(*counts)),
}
"""Metric -> its value in each resample; `f1` is that of the second class."""

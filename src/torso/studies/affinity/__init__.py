"""Affinities between the tasks of a run, from looks at their gradients while they were trained together.

>>> import numpy as np
>>> from torso.studies.affinity import affinity_of
>>> from torso.training import Look
>>> gram = [[4.0, 2.0], [2.0, 1.0]]  # two tasks that pull the same way
>>> looks = [Look(1, n, {"a": 1.0, "b": 1.0}, {}, gram, across=gram, ahead=gram) for n in range(8)]
>>> affinity_of(looks, ["a", "b"], {}).gain
((1.0, 2.0), (0.5, 1.0))
"""

from torso.studies.affinity.alike import gains_of, likeness
from torso.studies.affinity.report import (
    Affinity,
    affinity,
    affinity_of,
    labels_overlap,
    overlap_enough,
)

__all__ = [
    "Affinity",
    "affinity",
    "affinity_of",
    "gains_of",
    "labels_overlap",
    "likeness",
    "overlap_enough",
]

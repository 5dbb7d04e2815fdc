"""Groupings of tasks by predicted gain: the best partition into each number of models, singletons included.

>>> import numpy as np
>>> from torso.studies.grouping import groupings
>>> [str(grouping) for grouping in groupings(["a", "b"], np.zeros((2, 2)))]  # no evidence: one model
['a + b', 'a | b']
"""

from torso.studies.grouping.greedy import partition_value
from torso.studies.grouping.report import MODEL_COST, Grouping, groupings, shrunk

__all__ = ["MODEL_COST", "Grouping", "groupings", "partition_value", "shrunk"]

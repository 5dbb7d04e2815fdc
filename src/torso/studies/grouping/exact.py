"""The best partition of up to twelve tasks into every number of groups, by dynamic programming over subsets."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXACT", "Partition", "best_partitions", "subset_values"]

Floats = NDArray[np.float64]
Partition = list[list[int]]

EXACT = 12
"""Tasks up to which every partition counts: 12 tasks have 4,213,597."""


def subset_values(gain: Floats) -> Floats:
    """Return the value of every subset `[2 ** tasks]`: each task's mean gain from the others, added up.

    Args:
        gain: `[tasks, tasks]`, of the second by the first; the diagonal does not count.
    """
    count = len(gain)
    both = gain + gain.T
    pairs, size = np.zeros(1), np.zeros(1, int)
    for task in range(count):
        row = np.zeros(1)
        for other in range(task):
            row = np.concatenate([row, row + both[task, other]])
        pairs = np.concatenate([pairs, pairs + row])
        size = np.concatenate([size, size + 1])
    values: Floats = pairs / np.maximum(size - 1, 1)
    return values


def best_partitions(gain: Floats) -> dict[int, tuple[Partition, float]]:
    """Return number of groups -> the best partition into so many, and its value.

    >>> gain = np.array([[0, 1, -1], [1, 0, -1], [-1, -1, 0.0]])
    >>> best_partitions(gain)[2]
    ([[0, 1], [2]], 2.0)

    Args:
        gain: as for `subset_values`, of at most `EXACT` tasks.
    """
    count = len(gain)
    assert 0 < count <= EXACT
    values = subset_values(gain)
    whole = (1 << count) - 1
    best = np.full((1 << count, count + 1), -np.inf)  # [subset, groups]
    first = np.zeros((1 << count, count + 1), int)  # the group that holds its lowest task
    best[0, 0] = 0.0
    for subset in range(1, whole + 1):
        lowest = subset & -subset
        rest = _subsets(subset ^ lowest)
        groups = rest | lowest
        reached = values[groups][:, None] + best[subset ^ groups, :-1]
        chosen = reached.argmax(0)
        best[subset, 1:] = reached[chosen, np.arange(count)]
        first[subset, 1:] = groups[chosen]
    out = {}
    for number in range(1, count + 1):
        partition, left = [], whole
        for groups_left in range(number, 0, -1):
            group = int(first[left, groups_left])
            partition.append([task for task in range(count) if group >> task & 1])
            left ^= group
        out[number] = (partition, float(best[whole, number]))
    return out


def _subsets(mask: int) -> NDArray[np.int_]:
    """Return all subsets of a mask, the empty one too."""
    out = np.zeros(1, int)
    bit = 1
    while bit <= mask:
        if mask & bit:
            out = np.concatenate([out, out | bit])
        bit <<= 1
    return cast("NDArray[np.int_]", out)

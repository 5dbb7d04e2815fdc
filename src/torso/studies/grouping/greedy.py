"""Good partitions of many tasks into every number of groups: merged from singles and cut by spectrum, then improved."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from torso.studies.grouping.exact import Partition

__all__ = ["good_partitions", "partition_value"]

Floats = NDArray[np.float64]

_ROUNDS = 20


def partition_value(gain: Floats, partition: Partition) -> float:
    """Return the value of a partition: each task's mean gain from the others of its group, added up."""
    return sum(_value(gain, group) for group in partition)


def good_partitions(gain: Floats) -> dict[int, tuple[Partition, float]]:
    """Return number of groups -> a good partition into so many, and its value.

    For each number, that of a greedy merge and that of a spectral cut are improved by moves of single tasks, and the better
    is kept.

    Args:
        gain: `[tasks, tasks]`, of the second by the first.
    """
    count = len(gain)
    merged = _merged(gain)
    out = {}
    for number in range(1, count + 1):
        starts = [merged[number]] + ([_cut(gain, number)] if 1 < number < count else [])
        improved = [_moved(gain, start) for start in starts]
        best = max(improved, key=lambda partition: partition_value(gain, partition))
        out[number] = (sorted(sorted(group) for group in best), partition_value(gain, best))
    return out


def _value(gain: Floats, group: list[int]) -> float:
    if len(group) < 2:
        return 0.0
    inside = gain[np.ix_(group, group)]
    return float((inside.sum() - np.trace(inside)) / (len(group) - 1))


def _merged(gain: Floats) -> dict[int, Partition]:
    """Merge, again and again, the two groups whose union gains most."""
    partition = [[task] for task in range(len(gain))]
    out = {len(partition): partition}
    while len(partition) > 1:
        pairs = [
            (_value(gain, a + b) - _value(gain, a) - _value(gain, b), i, j)
            for (i, a), (j, b) in combinations(enumerate(partition), 2)
        ]
        _, i, j = max(pairs)
        rest = [group for at, group in enumerate(partition) if at not in (i, j)]
        partition = [*rest, partition[i] + partition[j]]
        out[len(partition)] = partition
    return out


def _cut(gain: Floats, number: int) -> Partition:
    """Cut by the leading eigenvectors of the symmetric gains: far points are centres, each task joins the nearest."""
    both = (gain + gain.T) / 2
    both = both - np.diag(np.diag(both)) + np.eye(len(gain)) * max(1e-9, float(np.abs(both).max()))
    _, vectors = np.linalg.eigh(both)
    points = vectors[:, -number:]
    points = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)
    centres = [0]
    while len(centres) < number:
        near = (points @ points[centres].T).max(1)
        near[centres] = np.inf
        centres.append(int(near.argmin()))
    nearest = (points @ points[centres].T).argmax(1)
    nearest[centres] = np.arange(number)
    return [np.flatnonzero(nearest == group).tolist() for group in range(number)]


def _moved(gain: Floats, partition: Partition) -> Partition:
    """Move single tasks to the group where they gain most, while that helps; no group becomes empty."""
    groups = [list(group) for group in partition]
    for _ in range(_ROUNDS):
        better = False
        for task in range(len(gain)):
            home = next(at for at, group in enumerate(groups) if task in group)
            if len(groups[home]) == 1:
                continue
            without = [other for other in groups[home] if other != task]
            lost = _value(gain, groups[home]) - _value(gain, without)
            gains = [
                _value(gain, [*group, task]) - _value(gain, group) if at != home else lost
                for at, group in enumerate(groups)
            ]
            best = int(np.argmax(gains))
            if gains[best] > lost + 1e-12:
                groups[home] = without
                groups[best].append(task)
                better = True
        if not better:
            break
    return groups

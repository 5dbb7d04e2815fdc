"""Good partitions of many tasks into every number of groups: merged from singles and cut by spectrum, then improved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from torso.studies.grouping.exact import Partition

__all__ = ["good_partitions", "partition_value"]

Floats = NDArray[np.float64]

_ROUNDS = 20


def partition_value(gain: Floats, partition: Partition) -> float:
    """Return the value of a partition: each task's mean gain from the others of its group, added up."""
    pairs = _pairs(gain)
    sums = np.array([pairs[np.ix_(group, group)].sum() / 2 for group in partition])
    return float(_values(sums, np.array([len(group) for group in partition])).sum())


def good_partitions(gain: Floats) -> dict[int, tuple[Partition, float]]:
    """Return number of groups -> a good partition into so many, and its value.

    For each number, that of a greedy merge and that of a spectral cut are improved by moves of single tasks, and the better
    is kept.

    Args:
        gain: `[tasks, tasks]`, of the second by the first.
    """
    count = len(gain)
    pairs = _pairs(gain)
    merged, vectors = _merged(pairs), _vectors(pairs)
    out = {}
    for number in range(1, count + 1):
        starts = [merged[number]] + ([_cut(vectors, number)] if 1 < number < count else [])
        improved = [_moved(pairs, start) for start in starts]
        best = max(improved, key=lambda partition: partition_value(gain, partition))
        out[number] = (sorted(sorted(group) for group in best), partition_value(gain, best))
    return out


def _pairs(gain: Floats) -> Floats:
    """Return the gain of both tasks of each pair by the other; 0 on the diagonal."""
    both: Floats = gain + gain.T
    return both - np.diag(np.diag(both))


def _values(sums: Floats, sizes: NDArray[np.int_]) -> Floats:
    """Return the values of groups, by the sums over their pairs and their sizes."""
    values: Floats = np.where(sizes > 1, sums / np.maximum(sizes - 1, 1), 0.0)
    return values


def _merged(pairs: Floats) -> dict[int, Partition]:
    """Merge, again and again, the two groups whose union gains most."""
    partition = [[task] for task in range(len(pairs))]
    across = pairs.copy()  # between groups; the diagonal: inside
    out = {len(partition): partition}
    while len(partition) > 1:
        sizes, inside = np.array([len(group) for group in partition]), np.diag(across)
        own = _values(inside, sizes)
        union = _values(inside[:, None] + inside + across, sizes[:, None] + sizes)
        better = np.triu(union - own[:, None] - own, 1)
        better[np.tril_indices(len(sizes))] = -np.inf
        i, j = divmod(int(better.argmax()), len(sizes))
        rest = [at for at in range(len(sizes)) if at not in (i, j)]
        total = inside[i] + inside[j] + across[i, j]
        row = across[i, rest] + across[j, rest]
        across = np.block([[across[np.ix_(rest, rest)], row[:, None]], [row, total]])
        partition = [*(partition[at] for at in rest), partition[i] + partition[j]]
        out[len(partition)] = partition
    return out


def _vectors(pairs: Floats) -> Floats:
    """Return the eigenvectors of the symmetric gains as columns, the leading ones last."""
    both = pairs / 2 + np.eye(len(pairs)) * max(1e-9, float(np.abs(pairs).max()) / 2)
    vectors: Floats = np.linalg.eigh(both)[1]
    return vectors


def _cut(vectors: Floats, number: int) -> Partition:
    """Cut by the leading eigenvectors: far points are centres, each task joins the nearest."""
    points = vectors[:, -number:]
    points = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)
    centres, near = [0], points @ points[0]
    while len(centres) < number:
        near[centres] = np.inf
        centres.append(int(near.argmin()))
        near = np.maximum(near, points @ points[centres[-1]])
    nearest = (points @ points[centres].T).argmax(1)
    nearest[centres] = np.arange(number)
    return [np.flatnonzero(nearest == group).tolist() for group in range(number)]


def _moved(pairs: Floats, partition: Partition) -> Partition:
    """Move single tasks to the group where they gain most, while that helps; no group becomes empty."""
    home = np.zeros(len(pairs), int)
    for at, group in enumerate(partition):
        home[group] = at
    sizes = np.bincount(home, minlength=len(partition))
    to = pairs @ np.eye(len(partition))[home]  # [tasks, groups]
    sums = np.array([to[home == at, at].sum() / 2 for at in range(len(partition))])
    for _ in range(_ROUNDS):
        better = False
        for task, was in enumerate(home.tolist()):
            if sizes[was] == 1:
                continue
            ours = np.arange(len(sizes)) == was
            less, more = sums - ours * to[task], sums + ~ours * to[task]
            gains = _values(more, sizes + ~ours) - _values(less, sizes - ours)
            best = int(gains.argmax())
            if gains[best] > gains[was] + 1e-12:
                sums[was], sums[best] = less[was], more[best]
                sizes[was], sizes[best] = sizes[was] - 1, sizes[best] + 1
                to[:, was] -= pairs[:, task]
                to[:, best] += pairs[:, task]
                home[task], better = best, True
        if not better:
            break
    return [np.flatnonzero(home == at).tolist() for at in range(len(partition))]

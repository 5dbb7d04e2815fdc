"""Columns whose values settle a label: rows of one value belong on one side of a split.

Several rows of one patient have one diagnosis. A random split puts some of them into training and some into the
test, where a model need only recognise the patient. The label of each row is guessed from the other rows with the
same value; where that is nearly always right, and the values are many, the column is proposed as `data.split.group`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.core.cures import setting

__all__ = ["group_warning", "settles"]

LEAST_GROUPS = 30  # fewer values are an ordinary category, which a model may learn from
LEAST_ROWS = 1.5  # rows of a value on average
SETTLED = 0.9  # share of the rows outside the majority, or of the variance, that the other rows of a value explain


def group_warning(name: str, labels: Sequence[str]) -> str:
    """Return the warning that rows with one value of the column `name` have one label of each target in `labels`."""
    said = " and ".join(map(repr, labels))
    return (
        f"rows with the same value nearly always have the same {said}. If such rows belong together, keep them on one "
        f"side: {setting('data.split.group', name)}"
    )


def settles(values: pa.Array, target: pa.Array, *, numeric: bool) -> bool:
    """Return whether rows with equal `values` have equal labels, and the values are many.

    >>> patients = pa.array([f"P{row // 4}" for row in range(400)])
    >>> settles(patients, pa.array([row // 4 % 3 == 0 for row in range(400)]), numeric=False)
    True
    >>> settles(patients, pa.array([row % 3 == 0 for row in range(400)]), numeric=False)
    False

    Args:
        values: the column.
        target: labels of the same rows.
        numeric: the target is a quantity; else a class.
    """
    known = pc.and_(values.is_valid(), target.is_valid())
    values, target = values.filter(known), target.filter(known)
    if len(values) < LEAST_ROWS * LEAST_GROUPS:
        return False
    groups = _ids(values)
    sizes = np.bincount(groups)
    if (
        len(sizes) < LEAST_GROUPS
        or len(groups) < LEAST_ROWS * len(sizes)
        or len(sizes) < len(groups) / 50
    ):
        return False
    several = sizes[groups] > 1
    if several.mean() < 0.5:
        return False
    if numeric:
        labels = np.array(pc.cast(target, pa.float64()).to_pylist())
        score = _explained(groups, labels, several)
    else:
        score = _saved(groups, _ids(target), several)
    return score >= SETTLED


def _ids(cells: pa.Array) -> np.ndarray:
    # `to_numpy` would import pandas, half a second.
    return np.array(pc.dictionary_encode(cells).indices.to_pylist(), np.int64)


def _saved(groups: np.ndarray, labels: np.ndarray, several: np.ndarray) -> float:
    """Return the share of the majority's misses that the most frequent other label of the group saves."""
    width = int(labels.max()) + 1
    pairs, inverse, counts = np.unique(
        groups * width + labels, return_inverse=True, return_counts=True
    )
    own = counts[inverse]
    best = np.zeros(int(groups.max()) + 1, np.int64)
    np.maximum.at(best, pairs // width, counts)
    # A row is right if its label stays the most frequent one of its group without it.
    right = (own == best[groups]) & (own > 1)
    labels, right = labels[several], right[several]
    misses = len(labels) - int(np.bincount(labels).max())
    return 1 - int((~right).sum()) / misses if misses >= 5 else 0.0


def _explained(groups: np.ndarray, labels: np.ndarray, several: np.ndarray) -> float:
    """Return the share of the variance that the mean of the group's other rows explains."""
    sizes, sums = np.bincount(groups), np.bincount(groups, weights=labels)
    others = (sums[groups] - labels) / np.maximum(sizes[groups] - 1, 1)
    known, guessed = labels[several], others[several]
    spread = float(np.square(known - known.mean()).sum())
    return 1 - float(np.square(known - guessed).sum()) / spread if spread > 0 else 0.0

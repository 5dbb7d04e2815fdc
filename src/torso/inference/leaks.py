"""Leaks: input columns that give a target away.

An id that was handed out in the order of the classes, a code with the class in its prefix, a second spelling of
the label: each makes a model that is excellent in every test and useless afterwards. Such a column is found
without training anything. The rows are dealt into five folds. Each row is answered with the label of its nearest
neighbour in the other folds; numbers are near by distance, texts by the beginning that they share. Rows with equal
values answer together. The score is 1 for answers that are always right and 0 for ones no better than the
majority (or the mean).

A column of many values is thinned to one row per value first, drawn at random. Otherwise a text that stands in
several rows of the same thing would "predict" its label merely by recognising it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.moments import near, unit_of
from torso.tables.arrays import index_array

__all__ = ["leak_score", "leak_warning"]

CODE_LEAKS, CLASS_LEAKS, QUANTITY_LEAKS = 0.7, 0.9, 0.97
"""Least scores of a leak: by a code; by any other column, of a class; and of a quantity.

A code should say nothing at all, so less is enough; one physical quantity often settles most of another, so
there it takes nearly a copy. Chosen by looking at emoji and talking_stamps (eight seeds), adult and six sets of
mtr_mulan (one seed): codes given by class score from 0.71 and other codes up to 0.66; other columns that leak a
class from 0.99 and those that don't up to 0.82; one honest quantity scores 0.92, and one that is an earlier
value of its target 0.99.
"""

MAX_ROWS = 3_000
MIN_ROWS = 40
FOLDS = 5
MIN_MISSES = 5  # fewer rows outside the majority prove nothing
FEW_VALUES = 100


def leak_warning(
    values: pa.Array, target: pa.Array, name: str, *, numeric: bool, is_code: bool
) -> str | None:
    """Return the warning that `values` give the target called `name` away, or None.

    >>> codes = pa.array([f"{row % 2}-{row:04d}" for row in range(200)])  # the class is the prefix
    >>> target = pa.array(["cat" if row % 2 else "dog" for row in range(200)])
    >>> warning = leak_warning(codes, target, "animal", numeric=False, is_code=True)
    >>> warning.split(". ")[0]
    "leaks the target 'animal': this column alone explains 100% of the rows that are not of its most frequent class"
    """
    score = leak_score(values, target, numeric=numeric)
    if score < (CODE_LEAKS if is_code else QUANTITY_LEAKS if numeric else CLASS_LEAKS):
        return None
    gain = "of its variance" if numeric else "of the rows that are not of its most frequent class"
    return (
        f"leaks the target {name!r}: this column alone explains {score:.0%} {gain}. "
        "Leave it out if it is not known when you predict."
    )


def leak_score(values: pa.Array, target: pa.Array, *, numeric: bool, seed: int = 0) -> float:
    """Return the degree to which `values` alone give `target` away, at most 1; 0 where too few rows can tell.

    Args:
        values: numbers, booleans, dates or text; rows without a value or without a label do not count.
        target: labels of the same rows.
        numeric: whether the target is a quantity (score: R²) or a class (share of the majority's misses saved).
        seed: of the halves and of the sample that a large table is cut to.
    """
    rng = np.random.default_rng(seed)
    known = np.flatnonzero(_valid(values) & _valid(target))
    if len(known) > MAX_ROWS:
        known = np.sort(rng.choice(known, MAX_ROWS, replace=False))
    if len(known) < MIN_ROWS:
        return 0.0
    keys = _keys(values.take(index_array(known)).to_pylist())
    keys = keys / unit_of(keys)
    labels = _keys(target.take(index_array(known)).to_pylist())
    if numeric:  # one wild label would be all the variance
        usual = near(labels)
        keys, labels = keys[usual], labels[usual] / unit_of(labels[usual])
    else:
        labels = np.unique(labels, return_inverse=True)[1].astype(np.float64)
    if len(np.unique(keys)) > FEW_VALUES:
        shuffled = rng.permutation(len(keys))
        keys, drawn = np.unique(keys[shuffled], return_index=True)
        labels = labels[shuffled][drawn]
    if len(keys) < MIN_ROWS:
        return 0.0
    fold = rng.permutation(len(keys)) % FOLDS
    answers = np.empty(len(keys))
    for number in range(FOLDS):
        asked = fold == number
        answers[asked] = _answers(keys[~asked], labels[~asked], keys[asked], numeric=numeric)
    return _score(answers, labels, numeric=numeric)


def _score(answers: np.ndarray, labels: np.ndarray, *, numeric: bool) -> float:
    if numeric:
        spread = float(np.square(labels - labels.mean()).sum())
        return 1 - float(np.square(labels - answers).sum()) / spread if spread > 0 else 0.0
    misses = len(labels) - int(np.bincount(labels.astype(np.int64)).max())
    if misses < MIN_MISSES:
        return 0.0
    return 1 - int((answers != labels).sum()) / misses


def _answers(
    keys: np.ndarray, labels: np.ndarray, asked: np.ndarray, *, numeric: bool
) -> np.ndarray:
    """Return the label of the nearest of `keys`, for every key in `asked`."""
    values, answers = _grouped(keys, labels, numeric=numeric)
    right = np.clip(np.searchsorted(values, asked), 0, len(values) - 1)
    left = np.maximum(right - 1, 0)
    nearest = np.where(asked - values[left] < values[right] - asked, left, right)
    return answers[nearest]


def _grouped(
    keys: np.ndarray, labels: np.ndarray, *, numeric: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct keys, sorted, each with the mean or the most frequent of its labels."""
    values, group = np.unique(keys, return_inverse=True)
    if numeric:
        return values, np.bincount(group, weights=labels) / np.bincount(group)
    order = np.lexsort((labels, group))
    pairs = np.stack([group[order], labels[order]], axis=1)
    starts = np.flatnonzero(np.r_[True, (np.diff(pairs, axis=0) != 0).any(axis=1)])
    counts = np.diff(np.r_[starts, len(pairs)])
    pairs = pairs[starts]
    best = np.lexsort((counts, pairs[:, 0]))  # the last of each key is its most frequent label
    last = np.flatnonzero(np.r_[np.diff(pairs[best, 0]) != 0, True])
    return values, pairs[best[last], 1]


def _keys(cells: list[object]) -> np.ndarray:
    """Return `cells` as float64: numbers as they are, anything else by its position in the alphabet.

    Neighbours in the alphabet are the closer, the longer the beginning that they share.
    """
    if all(isinstance(cell, int | float) for cell in cells):
        return np.nan_to_num(np.array(cells, dtype=np.float64))
    texts = sorted(set(map(str, cells)))
    shared = [_shared_start(*pair) for pair in pairwise(texts)]
    gaps = np.exp2(-np.minimum(np.array(shared, dtype=np.float64), 30))
    positions = dict(zip(texts, np.r_[0.0, np.cumsum(gaps)].tolist(), strict=True))
    return np.array([positions[str(cell)] for cell in cells])


def _shared_start(first: str, second: str) -> int:
    pairs = enumerate(zip(first, second, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(first), len(second)))


def _valid(values: pa.Array) -> np.ndarray:
    return np.array(pc.is_valid(values).to_pylist(), dtype=bool)

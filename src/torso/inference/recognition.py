"""Ridge regression on the likeness of rows, answered with and without the other rows of a group.

One solution over all rows holds both answers: that of a model which has not seen this row, and that of a model which has
seen no row of its group (Allen's PRESS, in blocks). So nothing is trained twice, and 600 rows take a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.profile import Profile
from torso.inference.leak_checks import Label

__all__ = ["Recognised", "answers_of", "features_of", "likeness", "recognised", "said_by_others"]

_PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0)
_CLASSES = 10  # the most frequent ones
_WAVES = np.arange(1.0, 6.0)  # half turns over the range of a number
_GRAMS = (2, 4)  # characters
_BUCKETS = 1024
_LONGEST = 200  # characters of a cell that are read
_GOLDEN = np.uint64(11400714819323198485)  # Knuth's: upper bits of its products are well mixed
_SHIFT = np.uint64(65 - _BUCKETS.bit_length())


@dataclass(frozen=True)
class Recognised:
    """Shares of the labels that a quick model explains.

    Attributes:
        known: with other rows of the same group among those learnt from.
        new: without.
        surety: the difference in standard errors, counted over groups.
    """

    known: float
    new: float
    surety: float

    @property
    def gain(self) -> float:
        """Share of the labels that is explained by other rows of the group alone."""
        return self.known - max(0.0, self.new)


def answers_of(label: Label) -> np.ndarray:
    """Return float64 `[rows, columns]`: ranks of a quantity, or a column for each frequent class; NaN where unknown."""
    known = np.array(label.values.is_valid().to_pylist(), bool)
    codes = _codes(label.values.drop_null())
    if label.numeric:
        numbers = np.array(pc.cast(label.values.drop_null(), pa.float64()).to_pylist())
        values, codes = np.unique(numbers, return_inverse=True)
        counts = np.bincount(codes, minlength=len(values))
        answers = ((np.cumsum(counts) - counts / 2) / max(1, len(codes)))[codes][:, None]
    else:
        often = np.argsort(-np.bincount(codes), kind="stable")[:_CLASSES]
        answers = (codes[:, None] == often[None]).astype(np.float64)
    full = np.full((len(known), answers.shape[1]), np.nan)
    full[known] = answers
    return full


def said_by_others(groups: np.ndarray, answers: np.ndarray) -> float:
    """Return the share of the labels that the mean of the group's other rows explains, drawn to the mean of all."""
    known = np.isfinite(answers).all(axis=1)
    _, groups = np.unique(groups[known], return_inverse=True)
    centred = answers[known] - answers[known].mean(axis=0) if known.any() else answers[known]
    total = float(np.square(centred).sum())
    if not total:
        return 0.0
    sums = np.zeros((int(groups.max()) + 1, centred.shape[1]))
    np.add.at(sums, groups, centred)
    sizes = np.bincount(groups)[groups][:, None]
    others = (sums[groups] - centred) / sizes  # of n rows, n - 1 others beside one mean answer
    return 1 - float(np.square(centred - others).sum()) / total


def likeness(columns: Sequence[np.ndarray | None], rows: int) -> np.ndarray:
    """Return float64 `[rows, rows]`: how alike rows are, on average over the columns.

    Args:
        columns: `[rows, features]` of each column, or None for one that says nothing.
        rows: their number.
    """
    alike, read = np.zeros((rows, rows)), 0
    for features in columns:
        if features is not None:
            alike += features @ features.T
            read += 1
    return alike / max(1, read) + 1.0  # and a constant


def recognised(alike: np.ndarray, groups: np.ndarray, answers: np.ndarray) -> Recognised:
    """Return the shares of `answers` that are explained with and without other rows of the group."""
    known = np.flatnonzero(np.isfinite(answers).all(axis=1))
    _, groups = np.unique(groups[known], return_inverse=True)
    centred = answers[known] - answers[known].mean(axis=0)
    total = float(np.square(centred).sum())
    if not total:
        return Recognised(0.0, 0.0, 0.0)
    values, vectors = np.linalg.eigh(alike[np.ix_(known, known)])
    tried = [_press(values, vectors, centred, penalty) for penalty in _PENALTIES]
    hat, left, alone = min(tried, key=lambda parts: float(np.square(parts[2]).sum()))
    without = alone.copy()
    for group in np.flatnonzero(np.bincount(groups) > 1):
        rows = np.flatnonzero(groups == group)
        block = np.eye(len(rows)) - hat[np.ix_(rows, rows)]
        without[rows] = np.linalg.solve(block, left[rows])
    lost = np.square(without).sum(axis=1) - np.square(alone).sum(axis=1)
    by_group = np.bincount(groups, weights=lost)
    return Recognised(
        known=1 - float(np.square(alone).sum()) / total,
        new=1 - float(np.square(without).sum()) / total,
        surety=float(by_group.sum() / max(np.sqrt(np.square(by_group).sum()), 1e-12)),
    )


def _press(
    values: np.ndarray, vectors: np.ndarray, centred: np.ndarray, penalty: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the hat matrix, its residuals, and those of models without the row."""
    hat = (vectors * (values / (values + penalty))) @ vectors.T
    left = centred - hat @ centred
    return hat, left, left / np.maximum(1 - np.diag(hat), 1e-9)[:, None]


def features_of(cells: Profile, *, numeric: bool) -> np.ndarray | None:
    """Return float `[rows, features]` of length 1 or 0: waves of a number's rank, or n-grams of a text; None for neither.

    Args:
        cells: a column of which all cells are sampled.
        numeric: they are a quantity.
    """
    if cells.is_large or not len(cells.values):
        return None
    numbers = cells.measured if numeric else cells.sample
    kinds = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating)
    if any(is_kind(numbers.type) for is_kind in kinds):
        return _waves(np.array(pc.cast(numbers, pa.float64()).to_pylist(), np.float64))
    if cells.is_text:
        return _grams(["" if cell in cells.signs else cell for cell in cells.sample.to_pylist()])
    return None


def _waves(numbers: np.ndarray) -> np.ndarray:
    known = np.isfinite(numbers)
    values = np.sort(numbers[known])
    ranks = np.searchsorted(values, numbers, "left") + np.searchsorted(values, numbers, "right")
    angles = np.pi * ranks[:, None] * _WAVES / max(1, 2 * len(values))
    waves = np.concatenate([np.cos(angles) / _WAVES, np.sin(angles) / _WAVES], axis=1)
    return np.asarray(waves * known[:, None] / np.sqrt(np.square(1 / _WAVES).sum()))


def _grams(texts: Sequence[str | None]) -> np.ndarray:
    plain = [f" {' '.join(text[:_LONGEST].casefold().split())} " if text else "" for text in texts]
    points = np.frombuffer("".join(plain).encode("utf-32-le", "replace"), np.uint32)
    lengths = np.array([len(text) for text in plain], np.int64)
    rows = np.repeat(np.arange(len(plain)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(
        len(rows)
    )  # characters to the text's end
    counts = np.zeros(len(plain) * _BUCKETS, np.float32)
    for length in _GRAMS:
        starts = np.flatnonzero(left >= length)
        keys = np.zeros(len(starts), np.uint64)
        for place in range(length):
            keys = (keys + points[starts + place]) * _GOLDEN
        buckets = rows[starts] * _BUCKETS + (keys >> _SHIFT).astype(np.int64)
        counts += np.bincount(buckets, minlength=len(counts))
    by_row = counts.reshape(len(plain), _BUCKETS)
    rare = np.log((1 + len(plain)) / (1 + (by_row > 0).sum(axis=0, dtype=np.float32)))
    weights = np.sqrt(by_row) * rare
    norms = np.linalg.norm(weights, axis=1, keepdims=True)
    return np.asarray(weights / np.maximum(norms, 1e-12))


def _codes(cells: pa.Array) -> np.ndarray:
    # `to_numpy` would import pandas, half a second.
    return np.array(pc.dictionary_encode(cells).indices.to_pylist(), np.int64)

"""Features of the linear model: the sparse part of the flat view, and each number as a few of like size."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from torso.plain.flat.flat import Flat

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["MOST", "Design", "Inputs", "inputs_of"]

_BINS = 16  # of a number, of as many rows each
_ALL_BINS = 1024  # of all numbers together
_FEWEST_BINS = 4
_LINEAR = 0.5  # weight of a standardised number
_FARTHEST = 4.0  # spreads from the median; a number beyond counts as that far
MOST = _LINEAR * _FARTHEST
"""Size that the feature of a number has at most."""
_MANY = (
    8  # numbers of a group, such as the components of a text, that weigh as much as a single number
)
_DENSE_ROWS = 8_000  # up to which the inner products are kept; they take 256 MB then
_FREQUENT = 1 / 16  # share of the rows from which on a feature is multiplied as a dense one


@dataclass(frozen=True, eq=False)
class Design:
    """Features of a number, learnt from the rows of a fit.

    A number is its distance from the median, and a step at each border of its bins; so a line may bend. A column of two
    values is a single feature from 0 to 1. Codes of categories are left out: the sparse part has them. So are columns for trees.

    Attributes:
        columns: of the dense part that are read, int64 `[columns]`.
        centres: value that becomes 0, `[columns]`.
        scales: factor, `[columns]`.
        borders: of bins, `[columns, bins]`, infinite where there are fewer.
        steps: height of each column's steps, `[columns]`.
        size: factor of all features; their mean squared length is 1.
    """

    columns: np.ndarray
    centres: np.ndarray
    scales: np.ndarray
    borders: np.ndarray
    steps: np.ndarray
    size: np.float32

    @classmethod
    def learn(cls, flat: Flat) -> Design:
        """Return the design that suits the rows."""
        groups = [re.sub(r" \d+$", " 0", name) for name in flat.names]
        counts = Counter(groups)
        left_out = {*flat.codes, *flat.for_trees}
        sorted_values = {
            column: known
            for column in range(len(groups))
            if column not in left_out and len(known := _known(flat.dense[:, column]))
        }
        alone = sum(counts[groups[column]] < _MANY for column in sorted_values)
        bins = int(np.clip(_ALL_BINS // max(alone, 1), _FEWEST_BINS, _BINS))
        numbers = [
            _number(known, bins, grouped=counts[groups[column]] >= _MANY)
            for column, known in sorted_values.items()
        ]
        centres, scales, borders, steps = (
            np.array([number[at] for number in numbers], np.float32) for at in range(4)
        )
        borders = borders.reshape(len(numbers), bins - 1)
        columns = np.array([*sorted_values], np.int64)
        design = cls(columns, centres, scales, borders, steps, np.float32(1))
        squares = float(np.square(flat.sparse.data).sum())
        squares += float(np.square(design.numbers(flat)).sum())
        size = np.float32(np.sqrt(flat.rows / squares)) if squares else np.float32(1)
        return cls(columns, centres, scales, borders, steps, size)

    def numbers(self, flat: Flat) -> np.ndarray:
        """Return the features made of numbers, float32 `[rows, features]`; the last is the same in all rows."""
        values = flat.dense[:, self.columns]
        known = np.isfinite(values)
        near = np.where(known, (values - self.centres) * self.scales, 0)
        near = np.clip(near, -MOST, MOST)
        above = (np.where(known, values, -np.inf)[:, :, None] >= self.borders) * self.steps[:, None]
        constant = np.ones((flat.rows, 1), np.float32)
        own = np.concatenate([near, above.reshape(flat.rows, self.borders.size), constant], axis=1)
        return np.asarray(own * self.size, np.float32)

    def features(self, flat: Flat) -> csr_array:
        """Return the sparse part and the numbers, float32 `[rows, features]`."""
        from scipy.sparse import csr_array, hstack

        parts = [flat.sparse * self.size, csr_array(self.numbers(flat))]
        return csr_array(hstack(parts), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Inputs:
    """Rows that several tasks learn from: their features, and how to multiply their inner products."""

    design: Design
    features: csr_array
    product: Callable[[np.ndarray], np.ndarray]


_KEPT: WeakKeyDictionary[Flat, list[tuple[np.ndarray, Inputs]]] = WeakKeyDictionary()


def inputs_of(flat: Flat, rows: np.ndarray) -> Inputs:
    """Return the inputs made of some rows; the tasks of a run share them while the flat view lives.

    Args:
        flat: the view.
        rows: positions of the rows that are learnt from.
    """
    kept = _KEPT.setdefault(flat, [])
    for known, inputs in kept:
        if np.array_equal(known, rows):
            return inputs
    own = flat if len(rows) == flat.rows else flat.take(rows)
    design = Design.learn(own)
    features = design.features(own)
    inputs = Inputs(design, features, _product(features))
    kept[:] = [(rows, inputs)]
    return inputs


def _known(values: np.ndarray) -> np.ndarray:
    """Return the finite values, sorted; none if all are the same."""
    known = np.sort(values[np.isfinite(values)].astype(np.float64))
    return known if len(known) and known[0] < known[-1] else known[:0]


def _number(
    known: np.ndarray, bins: int, *, grouped: bool
) -> tuple[float, float, list[float], float]:
    """Return centre, scale, borders and height of the steps for sorted finite values that differ."""
    none = [np.inf] * (bins - 1)
    lowest, highest = float(known[0]), float(known[-1])
    if np.all((known == lowest) | (known == highest)):
        return lowest, 1 / (highest - lowest), none, 0.0
    spread = float(known.std()) or 1.0
    weight = _LINEAR / np.sqrt(_MANY) if grouped else _LINEAR
    if grouped:
        return float(np.median(known)), weight / spread, none, 0.0
    places = (np.arange(1, bins) * len(known)) // bins
    borders = np.unique(known[places].astype(np.float32))
    borders = borders[borders > np.float32(lowest)]
    height = 1 / np.sqrt(len(borders) + 1)
    return (
        float(np.median(known)),
        weight / spread,
        [*borders.tolist(), *none][: bins - 1],
        float(height),
    )


def _product(features: csr_array) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function that multiplies by the inner products of the rows."""
    rows = features.shape[0]
    if rows > _DENSE_ROWS:
        across = features.T.tocsr()
        return lambda values: np.asarray(features @ (across @ values))
    by_feature = features.tocsc()
    counts = np.diff(by_feature.indptr)
    often = counts > _FREQUENT * rows
    dense = by_feature[:, np.flatnonzero(often)].toarray()
    rare = by_feature[:, np.flatnonzero(~often & (counts > 0))].tocsr()
    inner = dense @ dense.T + (rare @ rare.T).toarray()
    inner = inner.astype(np.float32)
    return lambda values: inner @ values

"""Regularised linear models along a path of penalties: all folds and all labels of a task at once.

The weights of such a model are a mix of the rows that it learns from (the representer theorem), so the path is walked
with one number per row, fold and label. All that is needed of the features are the rows' inner products.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from torso.plain.clock import check_time
from torso.plain.pooling import constant_statement
from torso.tasks._base.response import Family, Response

__all__ = ["PENALTIES", "Path", "walk"]

PENALTIES = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)
"""Factors of half the squared weights beside the mean loss, strongest first."""
_STEPS = 15  # of each penalty; the next starts where they end
_NEAR = 1e-3  # of the first gradient's length: near enough to the best weights
_PATIENCE = 2  # penalties in a row that are no better for any label
_SEARCHES = 2  # Newton steps of a line search

Product = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Path:
    """Best penalties of a task, and the models that they lead to.

    Attributes:
        held_out: statements about rows by models that did not learn from their fold, float64 `[rows, width]`.
        shares: each row's share in the weights of the model that learned from all rows, float32 `[rows, width]`.
        offsets: of that model, `[width]`.
        penalties: the best, one for each column of a statement.
    """

    held_out: np.ndarray
    shares: np.ndarray
    offsets: np.ndarray
    penalties: np.ndarray


def walk(product: Product, response: Response, folds: np.ndarray) -> Path:
    """Return the linear models of a task with the penalties that suit held-out rows best.

    Args:
        product: inner products of all rows' features, times an array `[rows, any]`.
        response: labels.
        folds: int `[rows]`, the fold in which a row is held out.
    """
    problems = _Problems.of(response, folds)
    shape = problems.labels.shape
    shares = np.zeros(shape, np.float32)
    outputs = np.zeros(shape, np.float32)
    own = np.arange(len(folds)), np.unique(folds, return_inverse=True)[1]
    best: Path | None = None
    least = np.full(response.width, np.inf)
    waited = 0
    for penalty in PENALTIES:
        shares, outputs = _descend(product, problems, np.float32(penalty), shares, outputs)
        said = problems.by_fold(outputs + problems.offsets)
        held_out = said[own].astype(np.float64)
        losses = _losses(response, held_out)
        better = losses < least
        waited = 0 if better.any() else waited + 1
        new = Path(
            held_out,
            problems.by_fold(shares)[:, -1],
            problems.by_fold(problems.offsets)[0, -1],
            np.full(response.width, penalty),
        )
        best = new if best is None else _mixed(better, new, best)
        least = np.minimum(least, losses)
        if waited == _PATIENCE:
            break
    assert best is not None
    return best


@dataclass(frozen=True, eq=False)
class _Problems:
    """Fits that share their rows: one per fold, one for all rows, times the labels that are learnt apart.

    Attributes:
        family: of the response.
        labels: float32 `[rows, problems, outputs]`; classes are the outputs of one problem.
        masses: share of each row in the mean loss, 0 for a row that the problem must not see, `[rows, problems]`.
        offsets: outputs without features, `[1, problems, outputs]`.
        fits: number of folds, plus one.
    """

    family: Family
    labels: np.ndarray
    masses: np.ndarray
    offsets: np.ndarray
    fits: int

    @classmethod
    def of(cls, response: Response, folds: np.ndarray) -> _Problems:
        """Return the problems of a task."""
        names = np.unique(folds)
        seen = np.concatenate([folds[:, None] != names, np.ones((len(folds), 1), bool)], axis=1)
        fits = seen.shape[1]
        offsets = np.stack(
            [constant_statement(response.take(np.flatnonzero(rows))) for rows in seen.T]
        )
        if response.family == "classes":
            known = response.values >= 0
            labels = np.eye(response.classes, dtype=np.float32)[np.where(known, response.values, 0)]
            labels = np.repeat(labels[:, None], fits, axis=1)
            masses = seen & known[:, None]
            shape = (1, fits, response.classes)
        else:
            filled = np.nan_to_num(response.values).astype(np.float32)
            labels = np.tile(filled, (1, fits))[:, :, None]
            masses = (seen[:, :, None] & ~np.isnan(response.values)[:, None]).reshape(
                len(folds), -1
            )
            shape = (1, fits * response.width, 1)
        weights = masses.astype(np.float32)
        if response.weights is None:
            weights /= np.maximum(weights.sum(axis=0), 1)
        else:
            weights *= response.weights[:, None].astype(np.float32)
            weights /= np.maximum(weights.sum(axis=0), 1e-12)
        return cls(
            response.family, labels, weights, offsets.astype(np.float32).reshape(shape), fits
        )

    def by_fold(self, outputs: np.ndarray) -> np.ndarray:
        """Return outputs as `[rows, fits, width]`."""
        return outputs.reshape(len(outputs), self.fits, -1)

    def means(self, outputs: np.ndarray) -> np.ndarray:
        """Return expected labels, given outputs without offsets."""
        outputs = outputs + self.offsets
        if self.family == "values":
            return outputs
        if self.family == "binaries":
            halves: np.ndarray = 0.5 + 0.5 * np.tanh(0.5 * outputs)
            return halves
        powers = np.exp(outputs - outputs.max(axis=2, keepdims=True))
        shares: np.ndarray = powers / powers.sum(axis=2, keepdims=True)
        return shares

    def curvature(self, means: np.ndarray, way: np.ndarray) -> np.ndarray:
        """Return the second derivative of each problem's mean loss along a way, `[problems]`."""
        if self.family == "values":
            spread = np.square(way).sum(axis=2)
        elif self.family == "binaries":
            spread = (means * (1 - means) * np.square(way)).sum(axis=2)
        else:
            spread = (means * np.square(way)).sum(axis=2) - np.square((means * way).sum(axis=2))
        return np.asarray(np.einsum("ng,ng->g", self.masses, spread))


def _descend(
    product: Product,
    problems: _Problems,
    penalty: np.float32,
    shares: np.ndarray,
    outputs: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return rows' shares and outputs after some steps of nonlinear conjugate gradients.

    From Polak and Ribière 1969. Differs: lengths are those of the weights, the search along a line is Newton's, and
    every problem has its own step.
    """
    shape = shares.shape
    masses = problems.masses[:, :, None]
    means = problems.means(outputs)
    first = length = np.zeros(shape[1], np.float32)
    old, way, moved = shares, shares, outputs  # of no meaning before the first step
    for step in range(_STEPS):
        check_time()
        slope = masses * (means - problems.labels) + penalty * shares
        seen = product(slope.reshape(shape[0], -1)).reshape(shape)
        new_length = _dot(slope, seen)
        if step == 0:
            first = new_length
            way, moved = -slope, -seen
        else:
            kept = np.maximum(0, (new_length - _dot(old, seen)) / np.maximum(length, 1e-30))
            way, moved = kept[:, None] * way - slope, kept[:, None] * moved - seen
        old, length = slope, new_length
        going = length > _NEAR**2 * np.maximum(first, 1e-12)
        if not going.any():
            break
        sizes = penalty * _dot(shares, moved), penalty * _dot(way, moved)
        far = np.zeros(shape[1], np.float32)
        for search in range(1 if problems.family == "values" else _SEARCHES):
            if search:
                means = problems.means(outputs + far[:, None] * moved)
            tilt = _dot(masses * (means - problems.labels), moved) + sizes[0] + far * sizes[1]
            bend = problems.curvature(means, moved) + sizes[1]
            far = far - (going * tilt / np.maximum(bend, 1e-30)).astype(np.float32)
        shares, outputs = shares + far[:, None] * way, outputs + far[:, None] * moved
        means = problems.means(outputs)
    return shares, outputs


def _dot(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return an inner product for each problem, `[problems]`."""
    return np.asarray(np.einsum("ngc,ngc->g", first, second))


def _losses(response: Response, said: np.ndarray) -> np.ndarray:
    """Return the mean loss of each column of a statement, `[width]`; of classes, of all together."""
    if response.family == "classes":
        rows = np.flatnonzero(response.values >= 0)
        if not len(rows):
            return np.zeros(response.width)
        own = said[rows] - said[rows].max(axis=1, keepdims=True)
        sums = np.log(np.exp(own).sum(axis=1))
        mean = float((sums - own[np.arange(len(rows)), response.values[rows]]).mean())
        return np.full(response.width, mean)
    known = ~np.isnan(response.values)
    labels = np.nan_to_num(response.values)
    if response.family == "binaries":
        losses = np.logaddexp(0, said) - labels * said
    else:
        losses = np.square(said - labels)
    return np.asarray((losses * known).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _mixed(better: np.ndarray, new: Path, best: Path) -> Path:
    """Return the new path's columns where they are better, the best so far elsewhere."""
    return Path(
        np.where(better, new.held_out, best.held_out),
        np.where(better, new.shares, best.shares),
        np.where(better, new.offsets, best.offsets),
        np.where(better, new.penalties, best.penalties),
    )

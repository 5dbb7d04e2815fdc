"""Extremely randomised trees on numbers, codes and components of texts, for tables of few rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from torso.columns.inputs._input import State
from torso.core.optional import require
from torso.plain.clock import check_time
from torso.plain.flat.flat import Flat
from torso.plain.models._mean_trees import MeanTrees
from torso.plain.models._model import PlainModel
from torso.plain.pooling import constant_statement
from torso.tasks._base.response import Family, Response

__all__ = ["FARTHEST", "FLOOR", "GAP", "ExtraTrees"]

Floats = NDArray[np.float64]
_TREES = 150
_LEAF = 2  # rows of a leaf at least
_SHARE, _LEAST = 1 / 3, 4  # of the columns that a node chooses from
GAP = -999.0
"""Number that stands for a gap."""
FARTHEST = 1e6
"""Values beyond count as that far."""
_FEWEST = 10  # labelled rows of a fit
_LABELS = 30_000  # labelled rows times outputs beyond which it keeps out
_CELLS = 400_000  # of the dense part beyond which it keeps out: statistics of pictures and sounds are many
_OUTPUTS = 64  # labels or numbers of a task
_PATTERNS = 8  # of missing labels in a task: each is a forest of its own
FLOOR = 1e-3
"""Probability that is shared out among all classes, or both sides of a label."""


class ExtraTrees(PlainModel, name="forest"):
    """Extremely randomised trees (Geurts 2006, Machine Learning 63), the mean of 150, by scikit-learn.

    All outputs of a task share their trees. Differs: classes and labels are learnt as 0 and 1 with squared errors, which
    rank tests as the Gini index does; a gap is a number far below. The library is needed to learn only: the trees are
    kept as arrays.

    Args:
        family: of the statements.
        offsets: statement without inputs, `[width]`, for outputs that are not learnt.
        forests: trees of the outputs that are labelled on the same rows.
        outputs: forest of each output, int64 `[width]`; -1 if it is not learnt.
    """

    most_rows = 3_000

    def __init__(
        self, family: Family, offsets: np.ndarray, forests: list[MeanTrees], outputs: np.ndarray
    ) -> None:
        self.family = family
        self.offsets = offsets
        self.forests = forests
        self.outputs = outputs

    @classmethod
    def suits(cls, flat: Flat, response: Response) -> bool:
        """Return whether there are columns, and so few cells and labels that the fit is quick."""
        rows = int(response.labelled.sum())
        few = rows <= cls.most_rows and rows * response.width <= _LABELS
        if response.family != "classes":
            patterns = np.unique(np.isnan(response.values), axis=1).shape[1]
            few = few and response.width <= _OUTPUTS and patterns <= _PATTERNS
        return few and 0 < flat.dense.size <= _CELLS

    @classmethod
    def cross_fit(
        cls, flat: Flat, response: Response, folds: np.ndarray, *, seed: int
    ) -> tuple[Floats, ExtraTrees]:
        """Learn one task; return statements on held-out rows, and the model that learnt from all rows."""
        held_out = np.zeros((flat.rows, response.width))
        for fold in np.unique(folds[folds >= 0]):
            seen, own = np.flatnonzero((folds >= 0) & (folds != fold)), folds == fold
            model = cls._learnt(flat.dense[seen], response.take(seen), seed)
            held_out[own] = model._read(flat.dense[own])
        rows = np.flatnonzero(folds >= 0)
        return held_out, cls._learnt(flat.dense[rows], response.take(rows), seed)

    def predict(self, flat: Flat) -> Floats:
        """Return log-probabilities, logits or means, `[rows, width]`."""
        return self._read(flat.dense)

    @classmethod
    def at_once(
        cls, models: Sequence[PlainModel], columns: int
    ) -> Callable[[Flat], Sequence[Floats]]:
        """Return a function by which rows descend the trees of all models together."""
        own = [model for model in models if isinstance(model, ExtraTrees)]
        forests = [forest for model in own for forest in model.forests]
        if len(forests) < 2:
            return super().at_once(models, columns)
        joined = MeanTrees.joined(forests)

        def said(flat: Flat) -> Sequence[Floats]:
            means = iter(joined.answers_of(forests, _filled(flat.dense)))
            return [model._stated([next(means) for _ in model.forests], flat.rows) for model in own]

        return said

    def state(self) -> tuple[State, dict[str, np.ndarray]]:
        """Return trees and offsets."""
        arrays = {"constant": self.offsets, "outputs": self.outputs}
        for number, forest in enumerate(self.forests):
            arrays |= {f"{number}/{name}": getattr(forest, name) for name in _ARRAYS}
        return {"family": self.family, "forests": len(self.forests)}, arrays

    @classmethod
    def restore(cls, values: State, arrays: dict[str, np.ndarray]) -> ExtraTrees:
        """Return the model whose `state` was saved."""
        forests = [
            MeanTrees(**{name: arrays[f"{number}/{name}"] for name in _ARRAYS})
            for number in range(values["forests"])
        ]
        return cls(values["family"], arrays["constant"], forests, arrays["outputs"])

    @classmethod
    def _learnt(cls, dense: np.ndarray, response: Response, seed: int) -> ExtraTrees:
        """Return the model of these rows; outputs with few labels are left at their mean."""
        labels = _numbers(response)
        patterns, own = np.unique(np.isnan(labels), axis=1, return_inverse=True)
        values, outputs = _filled(dense), np.full(response.width, -1)
        forests: list[MeanTrees] = []
        for number, missing in enumerate(patterns.T):
            check_time()
            if (~missing).sum() < _FEWEST or not dense.shape[1]:
                continue
            columns = np.flatnonzero(own.ravel() == number)
            outputs[columns] = len(forests)
            weights = None if response.weights is None else response.weights[~missing]
            forests.append(_grown(values[~missing], labels[~missing][:, columns], weights, seed))
        return cls(response.family, constant_statement(response), forests, outputs)

    def _read(self, dense: np.ndarray) -> Floats:
        values = _filled(dense)
        return self._stated([forest.predict(values) for forest in self.forests], len(dense))

    def _stated(self, means: Sequence[Floats], rows: int) -> Floats:
        said = np.tile(self.offsets, (rows, 1))
        for number, own in enumerate(means):
            said[:, self.outputs == number] = self._in_form(own)
        return said

    def _in_form(self, means: Floats) -> Floats:
        """Return means of the trees as a statement."""
        if self.family == "values":
            return means
        sides = len(self.offsets) if self.family == "classes" else 2
        chances = (means.clip(0.0, 1.0) + FLOOR / sides) / (1.0 + FLOOR)
        if self.family == "classes":
            return np.asarray(np.log(chances / chances.sum(axis=1, keepdims=True)))
        return np.asarray(np.log(chances) - np.log1p(-chances))


_ARRAYS = ("lefts", "features", "limits", "roots", "leaves")


def _grown(
    values: np.ndarray, labels: np.ndarray, weights: np.ndarray | None, seed: int
) -> MeanTrees:
    ensemble = require("sklearn.ensemble", package="scikit-learn>=1.6", why="A randomised forest")
    columns = values.shape[1]
    learner = ensemble.ExtraTreesRegressor(
        _TREES,
        min_samples_leaf=_LEAF,
        max_features=min(columns, max(int(_SHARE * columns), _LEAST)),
        random_state=seed % 2**32,
        n_jobs=1,
    )
    learner.fit(values, labels if labels.shape[1] > 1 else labels[:, 0], weights)
    return MeanTrees.of([tree.tree_ for tree in learner.estimators_])


def _filled(dense: np.ndarray) -> np.ndarray:
    return np.asarray(np.nan_to_num(dense, nan=GAP).clip(-FARTHEST, FARTHEST), np.float32)


def _numbers(response: Response) -> Floats:
    """Return the labels as numbers, `[rows, width]`, NaN where missing: of classes, 1 for the own and 0 for others."""
    if response.family != "classes":
        return np.asarray(response.values, np.float64)
    own = (response.values[:, None] == np.arange(response.classes)).astype(np.float64)
    return np.where(response.values[:, None] >= 0, own, np.nan)

"""Boosted trees on numbers, codes, components of texts and mean labels of categories."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from torso.columns.inputs._input import State
from torso.plain.flat.flat import Flat
from torso.plain.models._boosting import Boosting, library
from torso.plain.models._forest import Forest
from torso.plain.models._model import PlainModel
from torso.plain.models._target_means import TargetMeans, read_means
from torso.tasks._base.response import Family, Response

__all__ = ["FARTHEST", "BoostedTrees", "joined"]

_CLASSES = 6  # whose shares per category are features
FARTHEST = 1e30
"""Values beyond count as that far."""


class BoostedTrees(PlainModel, name="trees"):
    """Gradient boosting by LightGBM (Ke 2017), small trees, their number chosen by held-out rows.

    The library is needed to learn only: the trees are kept as arrays.

    Args:
        family: of the statements.
        forest: the trees.
        offsets: statement without inputs, `[width]`.
        means: mean labels of categories: table, columns and sizes.
    """

    def __init__(
        self,
        family: Family,
        forest: Forest,
        offsets: np.ndarray,
        means: tuple[np.ndarray, tuple[int, ...], tuple[int, ...]],
    ) -> None:
        self.family = family
        self.forest = forest
        self.offsets = offsets
        self.means = means

    @classmethod
    def cross_fit(
        cls, flat: Flat, response: Response, folds: np.ndarray, *, seed: int
    ) -> tuple[NDArray[np.float64], BoostedTrees]:
        """Learn one task; return statements on held-out rows, and the model that learnt from all rows."""
        lightgbm = library()
        rows = np.flatnonzero(folds >= 0)
        own = response.take(rows)
        dense = _bounded(flat.dense[rows])
        labels = _for_means(own)
        means = TargetMeans.learn(dense, flat.codes, labels, folds[rows])
        fit = Boosting(lightgbm, own, folds[rows], dense, means, seed)
        said = np.zeros((len(rows), response.width))
        for fold, offset in fit.offsets.items():
            if fold is not None:
                said[fit.folds == fold] = offset
        texts = {}
        for output in fit.outputs():
            columns = slice(output, output + (response.classes or 1))
            texts[output] = fit.learn(output, said[:, columns])
        held_out = np.zeros((flat.rows, response.width))
        held_out[rows] = _stated(response.family, said)
        table = means.table(), means.columns, means.sizes
        forest = Forest.of(texts, {output: fit.columns(output) for output in texts})
        model = cls(response.family, forest, fit.offsets[None], table)
        return held_out, model

    def predict(self, flat: Flat) -> NDArray[np.float64]:
        """Return log-probabilities, logits or means, `[rows, width]`."""
        dense = _bounded(flat.dense)
        table, columns, sizes = self.means
        values = np.concatenate([dense, read_means(table, columns, sizes, dense)], axis=1)
        said = self.forest.predict(values, len(self.offsets)) + self.offsets
        return _stated(self.family, said)

    @classmethod
    def at_once(
        cls, models: Sequence[PlainModel], columns: int
    ) -> Callable[[Flat], Sequence[NDArray[np.float64]]]:
        """Return a function that tests the nodes of all models together."""
        own = [model for model in models if isinstance(model, BoostedTrees)]
        _, read, sizes = own[0].means
        if len(own) < 2 or any(model.means[1:] != (read, sizes) for model in own):
            return super().at_once(models, columns)
        table, forest, offsets = joined(own, columns)
        parts = np.cumsum([len(model.offsets) for model in own])[:-1]

        def said(flat: Flat) -> Sequence[NDArray[np.float64]]:
            dense = _bounded(flat.dense)
            values = np.concatenate([dense, read_means(table, read, sizes, dense)], axis=1)
            sums = forest.predict(values, len(offsets)) + offsets
            pairs = zip(own, np.split(sums, parts, axis=1), strict=True)
            return [_stated(model.family, part) for model, part in pairs]

        return said

    def state(self) -> tuple[State, dict[str, np.ndarray]]:
        """Return trees, mean labels and offsets."""
        table, columns, sizes = self.means
        values: State = {"family": self.family, "columns": list(columns), "sizes": list(sizes)}
        return values, {**self.forest.arrays(), "means": table, "constant": self.offsets}

    @classmethod
    def restore(cls, values: State, arrays: dict[str, np.ndarray]) -> BoostedTrees:
        """Return the model whose `state` was saved."""
        own = dict(arrays)
        table, offsets = own.pop("means"), own.pop("constant")
        means = table, tuple(values["columns"]), tuple(values["sizes"])
        return cls(values["family"], Forest(**own), offsets, means)


def joined(models: Sequence[BoostedTrees], columns: int) -> tuple[np.ndarray, Forest, np.ndarray]:
    """Return table of mean labels, trees and offsets of several models side by side.

    Args:
        models: that read means of the same categories.
        columns: of the dense part of the flat view.
    """
    table = np.concatenate([model.means[0] for model in models], axis=1)
    ends = np.cumsum([model.means[0].shape[1] for model in models])
    forests = [
        model.forest.on(_placed(model, columns, int(end), int(ends[-1])))
        for model, end in zip(models, ends, strict=True)
    ]
    forest = Forest.joined(forests, [len(model.offsets) for model in models])
    return table, forest, np.concatenate([model.offsets for model in models])


def _placed(model: BoostedTrees, columns: int, end: int, labels: int) -> np.ndarray:
    """Return the columns that a model's nodes test where means of the labels of several models stand side by side.

    Args:
        model: one of them.
        columns: of the dense part, which comes first.
        end: of its labels among all.
        labels: of all models.
    """
    own = model.means[0].shape[1]
    column, label = np.divmod(model.forest.features - columns, max(own, 1))
    means = columns + column * labels + end - own + label
    return np.where(model.forest.features < columns, model.forest.features, means)


def _bounded(dense: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(dense, -FARTHEST, FARTHEST), np.float64)


def _for_means(response: Response) -> np.ndarray:
    """Return the labels whose means per category are features, `[rows, labels]`: of classes, the most frequent."""
    if response.family != "classes":
        return np.asarray(response.values, np.float64)
    known = response.values >= 0
    counts = np.bincount(response.values[known], minlength=response.classes)
    frequent = np.sort(np.argsort(-counts, kind="stable")[:_CLASSES])
    own = response.values[:, None] == frequent
    return np.where(known[:, None], own.astype(np.float64), np.nan)


def _stated(family: Family, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return outputs as a statement: those of classes as log-probabilities."""
    if family != "classes":
        return outputs
    outputs = outputs - outputs.max(axis=1, keepdims=True)
    return np.asarray(outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True)))

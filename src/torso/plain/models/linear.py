"""A linear model of words, categories and numbers: logistic regression or ridge, its penalty chosen out of fold."""

from __future__ import annotations

from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from torso.columns.inputs._input import State
from torso.plain.flat.flat import Flat
from torso.plain.flat.sparse_rows import sparse_product
from torso.plain.models._design import Design, inputs_of
from torso.plain.models._model import PlainModel
from torso.plain.models._path import walk
from torso.tasks._base.response import Family, Response

__all__ = ["SparseLinear"]

_NUMBERS: WeakKeyDictionary[Flat, list[tuple[Design, np.ndarray]]] = WeakKeyDictionary()
_DESIGNS: WeakValueDictionary[tuple[bytes, ...], Design] = WeakValueDictionary()


class SparseLinear(PlainModel, name="linear"):
    """Multinomial or binary logistic regression, or ridge regression, on the sparse part and the numbers.

    All folds, a fit on all rows and all labels of a task are learnt together, and every label has its own penalty.

    Args:
        family: of the statements.
        design: how numbers become features.
        weights: float32 `[features, width]`.
        offsets: `[width]`.
    """

    drawn = False

    def __init__(
        self, family: Family, design: Design, weights: np.ndarray, offsets: np.ndarray
    ) -> None:
        self.family = family
        self.design = design
        self.weights = weights
        self.offsets = offsets

    @classmethod
    def cross_fit(
        cls, flat: Flat, response: Response, folds: np.ndarray, *, seed: int
    ) -> tuple[NDArray[np.float64], SparseLinear]:
        """Learn one task; return statements on held-out rows, and the model that learnt from all rows."""
        del seed  # nothing is drawn
        rows = np.flatnonzero(folds >= 0)
        inputs = inputs_of(flat, rows)
        path = walk(inputs.product, response.take(rows), folds[rows])
        held_out = np.zeros((flat.rows, response.width))
        held_out[rows] = _stated(response.family, path.held_out)
        weights = np.asarray(inputs.features.T @ path.shares, np.float32)
        model = cls(response.family, inputs.design, weights, path.offsets.astype(np.float64))
        return held_out, model

    def predict(self, flat: Flat) -> NDArray[np.float64]:
        """Return log-probabilities, logits or means, `[rows, width]`."""
        words = flat.sparse.shape[1]
        said = sparse_product(flat.sparse, self.weights[:words]) * self.design.size
        said = said + _numbers(self.design, flat) @ self.weights[words:]
        return _stated(self.family, said.astype(np.float64) + self.offsets)

    def state(self) -> tuple[State, dict[str, np.ndarray]]:
        """Return weights and design."""
        arrays = {name: np.asarray(value) for name, value in vars(self.design).items()}
        return {"family": self.family}, {
            **arrays,
            "weights": self.weights,
            "offsets": self.offsets,
        }

    @classmethod
    def restore(cls, values: State, arrays: dict[str, np.ndarray]) -> SparseLinear:
        """Return the model whose `state` was saved."""
        own = dict(arrays)
        weights, offsets = own.pop("weights"), own.pop("offsets")
        size = np.float32(own.pop("size"))
        design = _shared(Design(**own, size=size))
        return cls(values["family"], design, weights, offsets)


def _stated(family: Family, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return outputs as a statement: those of classes as log-probabilities."""
    if family != "classes":
        return outputs
    outputs = outputs - outputs.max(axis=1, keepdims=True)
    return np.asarray(outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True)))


def _numbers(design: Design, flat: Flat) -> np.ndarray:
    """Return the features made of numbers; models of one run share a design, so they are made once."""
    kept = _NUMBERS.setdefault(flat, [])
    for known, features in kept:
        if known is design:
            return features
    features = design.numbers(flat)
    kept.append((design, features))
    return features


def _shared(design: Design) -> Design:
    """Return the equal design that is in use already, or this one."""
    key = tuple(np.asarray(value).tobytes() for value in vars(design).values())
    return _DESIGNS.setdefault(key, design)

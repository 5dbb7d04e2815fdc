"""Gradient boosting by LightGBM for one task: a booster for each fold, their number of rounds, a last one on all rows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import ModuleType
from typing import Protocol

import numpy as np

from torso.core.errors import MissingDependency
from torso.plain.clock import check_time
from torso.plain.models._forest import Forest
from torso.plain.models._target_means import TargetMeans
from torso.plain.pooling import constant_statement
from torso.tasks._base.response import Response

__all__ = ["Boosting", "library"]

_ROUNDS = 400
_PATIENCE = 20  # rounds without a better mean loss
_RATE = 0.1
_FAST_RATE = 0.15  # where there is much to learn
_MUCH = 30_000  # rows times outputs
_WIDE = 128  # columns beyond which a view is wide: statistics of pictures and sounds are many, and much alike
_WIDE_MUCH = 500_000  # cells times classes of a wide view from which on trees are hastened
_WIDE_SETTINGS: Mapping[str, object] = {"max_bin": 31, "learning_rate": 0.2}
_WIDE_ROUNDS = 200
_DRAWN = 96  # columns that a tree of classes or labels reads then
_WORK = 80_000_000  # cells that the trees of a fit read at most then
_TREES = 6_000  # of a fold at most, over all outputs
_FEWEST = 10  # labels of each side that a binary label needs, and labelled rows of any fit
_MOST = 64  # labels or numbers of a task that are learnt
_THREADS = 4
_THREADED = 300_000  # cells from which on several threads are faster

_SETTINGS: Mapping[str, object] = {
    "num_leaves": 12,
    "min_data_in_leaf": 10,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 3.0,
    "max_bin": 63,
    "boost_from_average": False,
    "feature_pre_filter": False,
    "force_row_wise": True,
    "deterministic": True,
    "verbosity": -1,
}
_OBJECTIVES = {
    "classes": {"objective": "multiclass", "metric": "multi_logloss"},
    "binaries": {"objective": "binary", "metric": "binary_logloss"},
    "values": {"objective": "regression", "metric": "l2"},
}


class _Booster(Protocol):
    """A booster of LightGBM."""

    def add_valid(self, data: object, name: str) -> object: ...
    def eval_valid(self) -> list[tuple[str, str, float, bool]]: ...
    def model_to_string(self, num_iteration: int | None = None) -> str: ...
    def update(self) -> bool: ...


class _Data(Protocol):
    """Rows for LightGBM."""

    def set_weight(self, weight: np.ndarray) -> object: ...


class Boosting:
    """The fits of one task: a booster for each fold, grown together, then one on all rows."""

    def __init__(
        self,
        lightgbm: ModuleType,
        response: Response,
        folds: np.ndarray,
        dense: np.ndarray,
        means: TargetMeans,
        seed: int,
    ) -> None:
        self.library = lightgbm
        self.response = response
        self.folds = folds
        self.rounds = max(20, min(_ROUNDS, _TREES // (response.classes or 1)))
        rate = _FAST_RATE if len(folds) * response.width > _MUCH else _RATE
        self.settings = {
            **_SETTINGS,
            **_OBJECTIVES[response.family],
            "learning_rate": rate,
            "num_threads": _threads(dense.size),
            "seed": seed % 2**31,  # LightGBM has an int32
        }
        if dense.shape[1] > _WIDE and dense.size * (response.classes or 1) > _WIDE_MUCH:
            self._hasten(*dense.shape)
        if response.classes:
            self.settings["num_class"] = response.classes
        fits = [*np.unique(folds).tolist(), None]
        self.dense = dense
        self.means = {fold: means.without(fold, folds, dense) for fold in fits}
        self.offsets = {
            fold: constant_statement(response.take(np.flatnonzero(self._seen(fold))))
            for fold in fits
        }

    def _hasten(self, rows: int, columns: int) -> None:
        """Let trees read fewer columns, and limit their rounds. A number may hang on a single column: it keeps half."""
        drawn = columns // 2 if self.response.family == "values" else min(columns // 2, _DRAWN)
        affordable = _WORK // (rows * drawn * (self.response.classes or 1))
        self.rounds = max(20, min(self.rounds, _WIDE_ROUNDS, affordable))
        self.settings |= {**_WIDE_SETTINGS, "feature_fraction": drawn / columns}

    def outputs(self) -> list[int]:
        """Return the first output of each model that is worth a fit."""
        labels = self.response.values
        if self.response.family == "classes":
            enough = np.unique(labels[labels >= 0]).size > 1 and (labels >= 0).sum() >= 2 * _FEWEST
            return [0] if enough and len(self.columns(0)) else []
        known = (~np.isnan(labels)).sum(axis=0)
        fewest = known - _FEWEST
        if self.response.family == "binaries":
            positive = np.nansum(labels, axis=0)
            fewest = np.minimum(positive, known - positive)
        order = np.argsort(-fewest, kind="stable")[:_MOST]
        kept = np.sort(order[fewest[order] >= _FEWEST])
        return kept.tolist() if len(self.columns(0)) else []

    def columns(self, output: int) -> np.ndarray:
        """Return the columns that a model reads, of the dense part with all mean labels beside it."""
        means = np.arange(self.means[None][0].size).reshape(self.means[None].shape[1:])
        if not self.response.classes:
            means = means[:, [output]]
        return np.concatenate([np.arange(self.dense.shape[1]), self.dense.shape[1] + means.ravel()])

    def learn(self, output: int, said: np.ndarray) -> str:
        """Learn one output, or all classes, and add to the statements `said` on held-out rows `[rows, width]`.

        Returns:
            The model that learnt from all rows, as text.
        """
        known = self._known(output)
        grown: dict[int, _Booster] = {}
        for fold in self.means:
            learnt, held_out = known & self._seen(fold), known & (self.folds == fold)
            if fold is not None and learnt.sum() >= 2 * _FEWEST and held_out.any():
                grown[fold] = self._booster(output, fold, learnt, held_out)
        best = self._best_rounds(grown, known) if grown else 0
        for fold, booster in grown.items():
            own = self.folds == fold
            if best:
                text = booster.model_to_string(num_iteration=best)
                values = self._values(output, fold, own)
                trees = Forest.of({0: text}, {0: np.arange(values.shape[1])})
                said[own] += trees.predict(values, said.shape[1])
        last = self._booster(output, None, known, None)
        for _ in range(best):
            check_time()
            last.update()
        return last.model_to_string()

    def _best_rounds(self, grown: Mapping[int, _Booster], known: np.ndarray) -> int:
        """Grow the boosters together; return after how many rounds the mean loss was least."""
        weights = [int((known & (self.folds == fold)).sum()) for fold in grown]
        boosters = list(grown.values())
        losses = [self._loss(boosters, weights)]
        while len(losses) <= self.rounds and len(losses) - int(np.argmin(losses)) <= _PATIENCE:
            check_time()
            for booster in boosters:
                booster.update()
            losses.append(self._loss(boosters, weights))
        return int(np.argmin(losses))

    def _loss(self, boosters: list[_Booster], weights: list[int]) -> float:
        losses = [booster.eval_valid()[0][2] for booster in boosters]
        return float(np.average(losses, weights=weights))

    def _booster(
        self, output: int, fold: int | None, learnt: np.ndarray, held_out: np.ndarray | None
    ) -> _Booster:
        """Return a booster without trees."""
        train = self._dataset(output, fold, learnt)
        if (weights := self.response.weights) is not None:
            train.set_weight(weights[learnt])
        booster: _Booster = self.library.Booster(self.settings, train)
        if held_out is not None:
            booster.add_valid(self._dataset(output, fold, held_out, train), "held out")
        return booster

    def _dataset(
        self, output: int, fold: int | None, rows: np.ndarray, reference: object = None
    ) -> _Data:
        labels = self.response.values if self.response.classes else self.response.values[:, output]
        offset = self.offsets[fold][output : output + (self.response.classes or 1)]
        data: _Data = self.library.Dataset(
            self._values(output, fold, rows),
            labels[rows].astype(np.float64),
            init_score=np.tile(offset, (int(rows.sum()), 1)).ravel(order="F"),
            reference=reference,
            params=self.settings,
        )
        return data

    def _seen(self, fold: int | None) -> np.ndarray:
        return np.ones(len(self.folds), bool) if fold is None else self.folds != fold

    def _known(self, output: int) -> np.ndarray:
        if self.response.classes:
            return np.asarray(self.response.values >= 0)
        return np.asarray(~np.isnan(self.response.values[:, output]))

    def _values(self, output: int, fold: int | None, rows: np.ndarray) -> np.ndarray:
        """Return the features of some rows, with mean labels that do not know the fold."""
        means = self.means[fold][rows]
        own = means if self.response.classes else means[:, :, [output]]
        return np.concatenate([self.dense[rows], own.reshape(len(own), -1)], axis=1)


def library() -> ModuleType:
    """Return LightGBM; torch is loaded before, whose OpenMP library it then shares."""
    import torch  # noqa: F401

    try:
        import lightgbm
    except ImportError as error:
        raise MissingDependency(
            "Boosted trees need the package 'lightgbm'. Install it with: pip install 'lightgbm>=4.5'"
        ) from error
    except OSError as error:
        raise MissingDependency(
            f"Boosted trees need LightGBM, which cannot be loaded ({error}). On Debian and Ubuntu, install libgomp1; on "
            "macOS, libomp."
        ) from error
    return lightgbm


def _threads(cells: int) -> int:
    """Return the number of threads that suits a table of so many cells; it changes no answer."""
    if cells < _THREADED:
        return 1
    allowed = os.environ.get("OMP_NUM_THREADS", "")
    return min(_THREADS, int(allowed) if allowed.isdigit() else os.cpu_count() or 1)

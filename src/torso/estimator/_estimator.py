"""`torso.Estimator`: `torso.fit` and its predictor behind scikit-learn's methods.

The constructor only stores its parameters, so that `clone`, `set_params` and searches work; everything that is
learned ends in an underscore. Torso's own run is in `predictor_`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from sklearn.base import BaseEstimator
from sklearn.utils import ClassifierTags, RegressorTags, Tags, check_consistent_length
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from torso.columns.category_keys import written
from torso.core.errors import ConfigError
from torso.estimator._aside import with_split, with_weights
from torso.estimator._columns import (
    Labels,
    is_frame,
    named_rows,
    read_inputs,
    read_labels,
)
from torso.estimator._packing import packed, unpacked
from torso.progress import Progress
from torso.runs.fit import fit as fit_run
from torso.tables.table import Column, Table
from torso.tasks import Target

__all__ = ["Estimator"]

_PATHS = {
    "dim": "dim",
    "fusion": "fusion",
    "sharing": "sharing",
    "balancing": "balancing",
    "epochs": "training.epochs",
    "batch_size": "training.batch_size",
    "lr": "training.lr",
    "device": "training.device",
    "root": "data.root",
    "seed": "seed",
}


def _has_classes(estimator: Estimator) -> bool:
    kinds = estimator._kinds()
    return not kinds or any(kind is not None and kind.label == "class" for kind in kinds)


class Estimator(BaseEstimator):  # type: ignore[misc]
    """A Torso run as a scikit-learn estimator: classifier, regressor or both at once, by the kinds of its targets.

    `X` is a pandas or polars frame or Arrow table with columns of all kinds (file names of pictures and
    recordings, texts, categories, numbers, dates, lists; empty cells are missing inputs), a list of rows as
    mappings, an array `[rows, columns]`, whose columns count as numbers if its type is numeric, or a list, array or
    series of texts alone. `y` is one target (array, list, series) or several (frame, mapping of columns, array `[rows, targets]`); NaN or None is a
    missing label, and such a row still serves the other targets.

    Args:
        kind: kind of target, such as `"category"` or `"number"`, or a mapping with its settings,
            `{"kind": "ordinal", "order": [...]}`; for several targets also a mapping from target to kind. None
            takes what the labels look like when `fit` sees them. Name it for cross-validation: scikit-learn
            asks before `fit` whether this is a classifier, to stratify the folds.
        inputs: columns to learn from, as for `torso.fit`; default: every sensible one.
        dim: width of a token.
        fusion: name or spec, as in `run.yaml`, like the next two.
        sharing: how targets share the body.
        balancing: of several targets' losses.
        epochs: at most; training stops early where the validation rows get no better.
        batch_size: rows of a step.
        lr: highest learning rate.
        validation: share of the labelled rows that decide when to stop and do not train.
        root: folders or zips that file columns are relative to.
        settings: anything else in `run.yaml`, such as `{"encoders.note": "ngrams"}`; wins over the others.
        device: `auto`, `cpu`, `cuda`, ...
        seed: of weights, order of rows and validation rows.
        progress: a bar while it trains, as for `torso.fit`: `"auto"` where one can be seen, True anywhere; False, since
            cross-validation would draw one per fold.

    Attributes:
        predictor_: the run's `torso.Predictor`, to save, evaluate or ask for intervals.
        target_names_: the targets.
        n_features_in_: number of columns of `X`.
        feature_names_in_: their names, where `X` had any.

    What None leaves open is Torso's default.

    >>> Estimator(kind="category", epochs=5).set_params(fusion="concat")
    Estimator(epochs=5, fusion='concat', kind='category')
    """

    def __init__(
        self,
        kind: str | Mapping[str, object] | None = None,
        *,
        inputs: Sequence[str] | Mapping[str, object] | None = None,
        dim: int | None = None,
        fusion: str | Mapping[str, object] | None = None,
        sharing: str | Mapping[str, object] | None = None,
        balancing: str | Mapping[str, object] | None = None,
        epochs: int | None = None,
        batch_size: int | None = None,
        lr: float | None = None,
        validation: float = 0.1,
        root: str | Path | Sequence[str | Path] | None = None,
        settings: Mapping[str, object] | None = None,
        device: str | None = None,
        seed: int = 0,
        progress: Progress = False,
    ) -> None:
        self.kind = kind
        self.inputs = inputs
        self.dim = dim
        self.fusion = fusion
        self.sharing = sharing
        self.balancing = balancing
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.validation = validation
        self.root = root
        self.settings = settings
        self.device = device
        self.seed = seed
        self.progress = progress

    def fit(
        self, X: object, y: object, groups: object = None, sample_weight: object = None
    ) -> Self:
        """Train a model anew, whatever an earlier call learned.

        Args:
            X: inputs, as the class describes.
            y: targets.
            groups: `[rows]`; rows of one group go to training or to validation together.
            sample_weight: `[rows]`, how much each row counts in what is learnt, as `data.weight`; default: all alike.

        Raises:
            ConfigError: parameters that are unknown or contradictory.
            DataError: `X` or `y` cannot be used.
        """
        X = self._checked(X, reset=True)
        if y is None:
            raise ValueError("Estimator requires y to be passed, but the target y is None.")
        shape: tuple[int, ...] = getattr(y, "shape", ())
        if len(shape) == 2 and shape[1] == 1 and not is_frame(y):
            y = column_or_1d(y, warn=True)
        inputs = read_inputs(X)
        labels = read_labels(y, inputs.names)
        check_consistent_length(inputs.data, labels.table.data, groups)
        table = _joined(inputs, labels)
        settings = self._settings()
        if not any(path == "data" or path.startswith("data.split") for path in settings):
            table, split = with_split(table, labels.table, groups, self.validation, self.seed)
            settings |= split
        table, weight = with_weights(table, sample_weight)
        self.predictor_ = fit_run(
            table,
            self._targets(labels.names),
            inputs=self._inputs(X, inputs.names),
            settings={"data.split.test": 0.0, **settings, **weight},
            progress=self.progress,
        )
        self._columns = inputs.names
        self._labels = labels.without_rows()
        self.target_names_ = list(self.predictor_.schema.targets)
        self._classes = {
            name: _in_order(kind.names, labels.classes(name, kind.names))
            for name, kind in self.predictor_.schema.targets.items()
            if kind.label == "class"
        }
        return self

    @property
    def classes_(self) -> Any:
        """Sorted classes of the single target, or a list of those of each target with classes."""
        check_is_fitted(self, "predictor_")
        if not self._classes:
            raise AttributeError("An Estimator of numbers has no `classes_`.")
        classes = [values for _, values in self._classes.values()]
        return classes[0] if len(self.target_names_) == 1 else classes

    def predict(self, X: object) -> Any:
        """Return the answers in the form that `y` had: `[rows]`, `[rows, targets]` or a frame."""
        answers = self._answers(X)
        columns = {name: self._values(name, answers) for name in self.target_names_}
        return self._labels.answers(columns, X)

    @available_if(_has_classes)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: object) -> Any:
        """Return probabilities `[rows, classes]`, columns as `classes_`; a list of these for several targets."""
        answers = self._answers(X)
        probabilities = [
            np.stack([answers[f"{name}_probability_{text}"].to_numpy() for text in texts], axis=1)
            for name, (texts, _) in self._classes.items()
        ]
        return probabilities[0] if len(self.target_names_) == 1 else probabilities

    def score(self, X: object, y: object) -> float:
        """Return accuracy or R² (of other kinds the headline metric), the mean over several targets.

        Rows without a label count for nothing; a target that cannot be scored on these rows is left out.
        """
        table = self._table(X)
        labels = read_labels(y, table.names, self._labels)
        check_consistent_length(table.data, labels.table.data)
        reports = self.predictor_.evaluate(_joined(table, labels), resamples=0)
        scores = []
        for report in reports.values():
            metrics = report.metrics
            metric = next((name for name in ("accuracy", "r2") if name in metrics), report.headline)
            scores.append(metrics[metric].value)
        known = [score for score in scores if not np.isnan(score)]
        return float(np.mean(known)) if known else float("nan")

    def __sklearn_tags__(self) -> Tags:
        """Return the tags: classifier or regressor, gaps and texts allowed."""
        tags = super().__sklearn_tags__()
        types = {kind and kind.estimator for kind in self._kinds()}
        if len(types) == 1:
            tags.estimator_type = types.pop()
        if tags.estimator_type == "classifier":
            tags.classifier_tags = ClassifierTags()
        if tags.estimator_type == "regressor":
            tags.regressor_tags = RegressorTags()
        tags.target_tags.required = tags.target_tags.multi_output = True
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    def __getstate__(self) -> dict[str, object]:
        """Return the parameters and the run as the bytes of its files."""
        state = dict(super().__getstate__())
        if "predictor_" in state:
            state["predictor_"] = packed(state["predictor_"])
        return state

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        """Open the run again, on the device that `device` names."""
        state = dict(state)
        if "predictor_" in state:
            state["predictor_"] = unpacked(state["predictor_"], state["device"] or "auto")
        super().__setstate__(state)

    def _kinds(self) -> list[type[Target] | None]:
        """Return the kinds of the targets as far as they are known, None for a name that is not."""
        if hasattr(self, "predictor_"):
            return [type(target) for target in self.predictor_.schema.targets.values()]
        if self.kind is None:
            return []
        if isinstance(self.kind, Mapping) and "kind" not in self.kind:
            specs = list(self.kind.values())
        else:
            specs = [self.kind]
        names = [spec.get("kind") if isinstance(spec, Mapping) else spec for spec in specs]
        registry = Target.registry
        return [registry.find(str(name)) if name in registry else None for name in names]

    def _targets(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the targets' specs; columns of `y` that `kind` leaves out are no targets of their own."""
        if isinstance(self.kind, Mapping) and "kind" not in self.kind:
            return {name: {} if spec is None else spec for name, spec in self.kind.items()}
        return {name: {} if self.kind is None else self.kind for name in names}

    def _inputs(self, X: object, names: Sequence[str]) -> Any:
        """Return the inputs asked for; for an array of numbers, each column is a number."""
        if self.inputs is None and isinstance(X, np.ndarray) and X.dtype.kind in "iuf":
            return dict.fromkeys(names, "number")
        return self.inputs

    def _settings(self) -> dict[str, object]:
        if not isinstance(self.settings, Mapping | None):
            raise ConfigError(
                "`settings` should be a mapping such as {'training.patience': 3}. Found "
                f"{type(self.settings).__name__}."
            )
        own = {path: getattr(self, name) for name, path in _PATHS.items()}
        if own["data.root"] is not None:
            roots = [self.root] if isinstance(self.root, str | Path) else self.root
            own["data.root"] = [str(root) for root in roots or ()]
        own = {path: value for path, value in own.items() if value is not None}
        return {**own, **(self.settings or {})}

    def _checked(self, X: object, *, reset: bool) -> object:
        """Return `X` as a frame or an array, its columns checked by scikit-learn's rules."""
        if hasattr(X, "tocsr"):
            raise TypeError(
                "Sparse data was passed for X, but dense data is required: X.toarray(). Texts need no vectoriser; give "
                "them as they are, alone or as a column."
            )
        X = named_rows(X, None if reset else getattr(self, "feature_names_in_", None))
        if is_frame(X):
            return validate_data(self, X, reset=reset, skip_check_array=True)
        return validate_data(
            self,
            X,
            reset=reset,
            dtype=None,
            ensure_all_finite=False,
            ensure_min_samples=2 if reset else 1,
        )

    def _table(self, X: object) -> Table:
        """Return `X` under the names that `fit` saw."""
        check_is_fitted(self, "predictor_")
        table = read_inputs(self._checked(X, reset=False))
        return table.renamed(self._columns)

    def _answers(self, X: object) -> pa.Table:
        table = self._table(X)
        answers: pa.Table = self.predictor_.predict(table, as_arrow=True)
        return answers

    def _values(self, name: str, answers: pa.Table) -> np.ndarray:
        """Return the answers of a target: its labels, float64 numbers, or objects."""
        column = answers[name].combine_chunks()
        if name in self._classes:
            texts, values = self._classes[name]
            index = {text: number for number, text in enumerate(texts)}
            answered = written(Column(name, column, "<answers>")).to_pylist()
            return np.asarray(values[[index[text] for text in answered]])
        if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
            return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
        cells = np.empty(len(column), dtype=object)
        cells[:] = column.to_pylist()
        return cells


def _in_order(texts: Sequence[str], values: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return classes, as Torso and as `y` writes them, sorted by the latter."""
    order = np.argsort(values, kind="stable")
    return [texts[index] for index in order], values[order]


def _joined(inputs: Table, labels: Labels) -> Table:
    table = inputs
    for name in labels.names:
        table = table.with_column(name, labels.table)
    return table

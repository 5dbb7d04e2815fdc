"""Metrics of a kind of target, and its baseline without inputs.

The baseline is scored by the same code as the model, as a predictor that says the same for every row: so the
AUROC of a constant is 0.5 and R² of the training mean is about 0 without being written down anywhere.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self, cast

import numpy as np
from numpy.typing import NDArray

from torso.core.registry import Registry
from torso.evaluation.weighted import Array, Floats
from torso.tasks._base.folders import KindRegistry

__all__ = ["Array", "Baseline", "Measured", "Scores", "metrics_of", "words_of"]

Baseline = Mapping[str, Any]
"""Learned state of a predictor without inputs, as JSON values by name."""


class Measured(NamedTuple):
    """Metrics in some resamples.

    Attributes:
        overall: metric -> `[resamples]`.
        each: metric -> `[resamples, classes, dimensions or labels]`.
    """

    overall: dict[str, Floats]
    each: dict[str, Floats]


class Scores(ABC):
    """The metrics of one kind of target on labelled rows.

    Built once per predictor with `(prediction, truth, guess)`: the labelled rows only, in the kind's own form,
    and the baseline's constant answer in the form of `prediction`. Then `measure` is called with weights.
    """

    registry: ClassVar[Registry[Scores]] = KindRegistry("target kind", "scores")
    kind: ClassVar[str] = ""
    headline: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]] = ()
    """Names of the metrics that a report may have, those of the heads' details too; empty: known once measured."""
    errors: ClassVar[tuple[str, ...]] = ("log_loss",)
    """The metrics of which less is better."""
    reflected: ClassVar[tuple[str, ...]] = ("average_precision",)
    """The metrics that take `reflected_interval`, as resampling inflates them."""
    skills: ClassVar[tuple[str, ...]] = ("r2",)
    """The metrics that are 1 at best and about 0 without inputs: `1 - metric` is an error with a natural zero."""
    words: ClassVar[Mapping[str, str]] = {
        "r2": "R²",
        "mae": "MAE",
        "rmse": "RMSE",
        "auroc": "AUROC",
        "f1": "F1",
        "macro_f1": "macro-F1",
        "micro_f1": "micro-F1",
        "average_precision": "avg. prec.",
        "interval_score": "int. score",
    }
    """Metric -> its name in tables, where that is not the same with blanks; a subclass adds its own."""
    against: ClassVar[str] = "majority"
    """Name of the baseline."""
    axes: ClassVar[tuple[int, int]] = (1, 1)
    """Number of axes of `prediction` and of `truth`."""
    wider: ClassVar[bool] = False
    """An interval may hold more than it promises, as one that ends at whole numbers must."""
    probable: ClassVar[bool] = True
    """Predictions are probabilities."""
    named: ClassVar[bool] = True
    """The second axis of a prediction stands for classes, dimensions or labels with names."""
    steps: ClassVar[bool] = False
    """The second axis of a prediction stands for steps, each of which has one of the named classes."""
    alike: ClassVar[bool] = True
    """`prediction` and `truth` agree in the axes that both have; else only in the rows."""
    among_rows: ClassVar[bool] = False
    """A row is judged by the rows beside it, as in a search."""
    gaps: ClassVar[bool] = False
    """A prediction may hold NaN."""
    decided_by: ClassVar[str] = ""
    """Metric for which thresholds are chosen; it is shown, too. Empty: none are."""
    whole: ClassVar[bool] = False
    """Truths are whole numbers, -1 where missing; else NaN is."""

    def __init_subclass__(cls, *, name: str | None = None, **rest: object) -> None:
        super().__init_subclass__(**rest)
        words = [vars(base).get("words", {}) for base in reversed(cls.__mro__)]
        cls.words = {metric: word for some in words for metric, word in some.items()}
        if name is not None:
            cls.kind = name
            cls.registry.add(name, cls)

    @classmethod
    def given(cls, baseline: Baseline, /) -> type[Self]:
        """Return the scores that a baseline, or facts that it will keep, ask for.

        Default: these, and the metric for which thresholds are chosen.
        """
        metric = baseline.get("decide_by")
        if metric is None:
            return cls
        return cast("type[Self]", type(cls.__name__, (cls,), {"decided_by": metric}))

    @abstractmethod
    def __init__(self, prediction: Array, truth: Array, guess: Array) -> None: ...

    @abstractmethod
    def measure(self, weights: Floats, /) -> Measured:
        """Return the metrics for each row of `weights` `[resamples, rows]`."""

    @staticmethod
    @abstractmethod
    def fit_baseline(truth: Array, names: Sequence[str], /) -> Baseline:
        """Return the baseline, learned from the truths of the training rows, as JSON values."""

    @staticmethod
    @abstractmethod
    def guess(baseline: Baseline, prediction: Array, /) -> Array:
        """Return the baseline's answer to each row, in the form of `prediction`."""

    @classmethod
    def positive(cls, names: Sequence[str], /) -> str:  # noqa: ARG003
        """Return the one class of `names` that metrics such as F1 speak of. Default: none, an empty text."""
        return ""

    @staticmethod
    def blind(
        baseline: Baseline,  # noqa: ARG004
        truth: Array,  # noqa: ARG004
        level: float,  # noqa: ARG004
        /,
    ) -> dict[str, Array]:
        """Return the baseline's details of the labelled rows: `log_loss`, `low`, `high`, where it has them.

        Those that the model does not tell are not used.
        """
        return {}

    @classmethod
    def told(
        cls,
        prediction: Array,
        truth: Array,
        guess: Array,
        details: Mapping[str, Array],  # noqa: ARG003
        /,
    ) -> Self:
        """Return the scores of a model that says `details` beside its predictions. Default: they are not read."""
        return cls(prediction, truth, guess)

    @classmethod
    def plain_labels(cls, truth: Array, /) -> Array:
        """Return labels as users' own metrics are given them. Default: as they are."""
        return truth

    @classmethod
    def plain_answers(cls, prediction: Array, details: Mapping[str, Array], /) -> Array:  # noqa: ARG003
        """Return the answers for users' own metrics, in the form of the labels. Default: the predictions."""
        return prediction

    @classmethod
    def labelled(cls, truth: Array, /) -> NDArray[np.bool_]:
        """Return bool `[rows]`: the rows with at least one known label.

        Raises:
            ValueError: numbers that are not int, where truths are whole.
        """
        if cls.whole and not np.issubdtype(truth.dtype, np.integer):
            raise ValueError(
                f"The truth of a {cls.kind} target should be int. Found dtype {truth.dtype}."
            )
        known = truth >= 0 if cls.whole else ~np.isnan(truth)
        return np.asarray(known.any(axis=tuple(range(1, truth.ndim))))


def words_of(kind: str) -> Mapping[str, str]:
    """Return metric -> its name in tables; of a kind that is not known here, only the common ones."""
    return Scores.registry.find(kind).words if kind in Scores.registry else Scores.words


def metrics_of(kind: str) -> tuple[str, ...]:
    """Return the metrics of a kind; none of one that is not known here, or that does not name them.

    >>> metrics_of("survival")
    ('concordance', 'log_loss')
    """
    return Scores.registry.find(kind).metrics if kind in Scores.registry else ()

"""The contract of a target kind: how cells become a head's targets, and predictions become columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa

from torso.columns.inputs import Input
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.core.ranges import SetBy
from torso.core.registry import Registry
from torso.core.spec import Settings, SpecLike
from torso.tasks._base.decider import Decider, Decision, Said
from torso.tasks._base.folders import KindRegistry, add_folder
from torso.tasks._base.labels import Labels

__all__ = ["Facts", "Target", "labelled"]

Facts = dict[str, Any]
"""Learned state of a target as JSON values, or its offers to a head's constructor, by name."""


class Target(ABC):
    """Base of all target kinds.

    `class CategoryTarget(Target, name="category", head="softmax")` files itself; heads and scores are
    filed under the kind's name.
    """

    registry: ClassVar[Registry[Target]] = KindRegistry(
        "target kind", "target", positional=SetBy.USER
    )
    kind: ClassVar[str] = ""
    head: ClassVar[str] = ""
    label: ClassVar[Literal["class", "quantity", "other"]] = "other"
    """A label is one of several classes, one quantity, or something else."""
    estimator: ClassVar[Literal["classifier", "regressor"] | None] = None
    """Name that scikit-learn gives to an estimator of such targets; None without any."""
    rank: ClassVar[int | None] = None
    """Place among the kinds that are asked whether they `recognise` a column, lowest first; None: never asked."""
    learned: ClassVar[tuple[str, ...]] = ()
    """Attributes that `fit` sets, JSON values: the state of the target."""
    free: ClassVar[bool] = False
    """The labels may lie in the inputs alone, so that no column need hold them."""
    in_bytes: ClassVar[bool] = False
    """Answers are bytes, such as a PNG file, which no format of text holds."""
    notes: tuple[str, ...] = ()
    """Sentences for the user about the training labels, set by `fit`."""
    decide_by: str | None = None
    """Metric that thresholds are chosen for on held-out rows, where the kind has a setting of this name."""
    threshold: Said | None = None
    """Thresholds that the settings say, likewise."""

    def __init_subclass__(
        cls, *, name: str = "", head: str = "", rank: int | None = None, **kwargs: object
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls.__name__ = cls.__name__.removesuffix("Target")  # as for inputs
        cls.kind = name or cls.kind
        cls.head = head or cls.head
        cls.rank = rank  # a kind derived from another is not asked in its stead
        if name:
            cls.registry.add(name, cls)
            add_folder(cls.__module__)

    @classmethod
    def recognise(cls, cells: Profile) -> Guess | None:  # noqa: ARG003
        """Return why a column holds labels of this kind, or None if it does not.

        A guess without a kind refuses the column: its cells look like this kind's but cannot be learnt. A kind whose
        label is one value is asked only of cells that differ and are no dates.
        """
        return None

    @classmethod
    def suggest(cls, cells: Profile) -> Settings:  # noqa: ARG003
        """Return settings under which the kind reads a column's cells. Default: none beyond the defaults."""
        return {}

    @abstractmethod
    def fit(self, column: Labels) -> None:
        """Learn classes or statistics from the training rows; refuse a target with nothing to learn."""

    def learn(self, column: Labels, reading: Reading) -> None:  # noqa: ARG002
        """Fit to labels that lie in files, which `reading` reads. Default: `fit`."""
        self.fit(column)

    def go_on(self, state: Facts, column: Labels, reading: Reading) -> None:  # noqa: ARG002
        """Take the state of an earlier run, and learn classes that are new behind its own. Default: learn nothing.

        Args:
            state: of that run's target, of the same kind and settings.
            column: training labels.
            reading: reads labels that lie in files.
        """
        self.restore(state)

    def bind(self, task: str, inputs: Mapping[str, Input]) -> None:
        """Settle, once, all that the target takes from the inputs; it is complete afterwards. Default: nothing.

        Args:
            task: name, for messages.
            inputs: modality -> kind of its first column.

        Raises:
            ConfigError: inputs that the target cannot use.
        """

    @property
    def along(self) -> str | None:
        """Name of the input along whose steps the labels lie, known once bound; None for most kinds.

        `Labels.steps` then says where the steps are, and `columns` finds them, padded with 0, among the details:
        `offsets`, int64 `[rows, steps, 2]`.
        """
        return None

    def state(self) -> Facts:
        """Return everything that `fit` learned, as JSON values. Default: the attributes in `learned`."""
        return {name: getattr(self, name) for name in self.learned}

    def restore(self, state: Facts) -> None:
        """Take back the values of `state`."""
        for name in self.learned:
            setattr(self, name, state[name])

    @abstractmethod
    def encode(self, column: Labels, reading: Reading) -> np.ndarray:
        """Return a head's targets: NaN, or -1 for a class index, where the label is missing."""

    @abstractmethod
    def missing(self, rows: int) -> np.ndarray:
        """Return the targets of `rows` rows without labels."""

    def compared(self, values: np.ndarray) -> np.ndarray:
        """Return targets or predictions as evaluations compare them. Default: as they are."""
        return values

    def compared_answers(self, values: np.ndarray) -> np.ndarray:
        """Return predictions as evaluations compare them. Default: as targets."""
        return self.compared(values)

    def compared_details(
        self,
        details: Mapping[str, np.ndarray],
        truth: np.ndarray,  # noqa: ARG002
    ) -> Mapping[str, np.ndarray]:
        """Return a head's details as evaluations compare them. Default: as they are.

        Args:
            details: of the answers, by name.
            truth: the rows' targets.
        """
        return details

    def judged_by(self) -> Facts:
        """Return facts, JSON values, that the metrics go by; its baseline keeps them. Default: `decide_by`."""
        return {} if self.decide_by is None else {"decide_by": self.decide_by}

    @property
    def decider(self) -> Decider | None:
        """Makes answers of probabilities by thresholds; None for a kind without any, the default."""
        return None

    def decision(self) -> Decision | None:
        """Return the thresholds that the settings say, once fitted; None where they say none.

        Raises:
            ConfigError: they name an unknown class or label.
        """
        if self.threshold is None or self.decider is None:
            return None
        return Decision(self.decider.by_hand(self.threshold))

    def scales(self, column: Labels) -> np.ndarray | None:  # noqa: ARG002
        """Return labels on each scale that `fit` left open, `[rows, scales]`, NaN where missing; None if none is.

        Args:
            column: training labels, all or some of them.
        """
        return None

    def settle(self, column: Labels, said: np.ndarray) -> None:
        """Choose a scale that `fit` left open. Default: nothing.

        Args:
            column: as for `scales`.
            said: answers to them, made from the inputs by models that did not learn from the row, in the form of `scales`.
        """

    def chosen(self) -> Settings:
        """Return the settings that `fit` chose where they were left open. Default: none."""
        return {}

    @abstractmethod
    def offered(self) -> Facts:
        """Return the arguments that a head's constructor may ask for."""

    @abstractmethod
    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return the columns of a prediction table: the value, then probabilities or other details."""

    @property
    def others(self) -> tuple[str, ...]:
        """Names of the columns that hold further parts of the label, in the order of `Labels.others`."""
        return ()

    def encoders(self) -> Mapping[str, SpecLike]:
        """Return modality -> the encoder that serves this target best, or, without `type`, settings that it must have.

        Default: none is wished for.
        """
        return {}

    @property
    def names(self) -> list[str]:
        """Names of classes, labels or dimensions, where there are any."""
        return []


def labelled(targets: np.ndarray) -> np.ndarray:
    """Return bool `[rows]`: where there is a label, or any element of one."""
    known = targets >= 0 if targets.dtype.kind == "i" else ~np.isnan(targets)
    return np.asarray(known.any(axis=tuple(range(1, known.ndim))))

"""The contract of a target kind: how cells become a head's targets, and predictions become columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from torso.columns.inputs import Input
from torso.columns.reading import Reading
from torso.core.registry import Registry, Spec
from torso.tables.table import Column

__all__ = ["TargetKind"]


class TargetKind(ABC):
    """Base of all target kinds.

    `class Category(TargetKind, name="category", head="softmax")` files itself; heads are filed under the
    kind's name.
    """

    registry: ClassVar[Registry[TargetKind]] = Registry("target kind")
    kind: ClassVar[str] = ""
    head: ClassVar[str] = ""
    free: ClassVar[bool] = False
    """Whether the labels may lie in the inputs alone, so that no column need hold them."""

    def __init_subclass__(cls, *, name: str = "", head: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.kind = name or cls.kind
        cls.head = head or cls.head
        if name:
            cls.registry.add(name, cls)

    @abstractmethod
    def fit(self, column: Column) -> None:
        """Learn classes or statistics from the training rows; refuse a target with nothing to learn."""

    def learn(self, column: Column, reading: Reading) -> None:  # noqa: ARG002
        """Do what `fit` does, for labels that lie in files, which `reading` reads."""
        self.fit(column)

    @property
    def along(self) -> str | None:
        """Name of the input along whose steps the labels lie; None for most kinds.

        With any, the kind is given a struct of its own column and, for each row, the ends of the input's steps in the
        cell (`Input.places`, end to end; null without the input), and `columns` finds them, padded with 0, among
        the details: `places`, int64 `[rows, steps, 2]`.
        """
        return None

    def follow(self, steps: int) -> None:
        """Take note of how many steps a row of the input `along` has at most."""

    def meet(self, task: str, forms: Mapping[str, str]) -> None:
        """Take note of the task's name and of the inputs, modality -> form; refuse those that the target cannot use."""

    def adopt(self, inputs: Mapping[str, Input]) -> None:
        """Take over settings of the inputs, modality -> kind of its first column. Default: none."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return what `fit` learned, as JSON values."""

    @abstractmethod
    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""

    @abstractmethod
    def encode(self, column: Column, reading: Reading) -> np.ndarray:
        """Return a head's targets: NaN, or -1 for a class index, where the label is missing."""

    @abstractmethod
    def missing(self, rows: int) -> np.ndarray:
        """Return the targets of `rows` rows without labels."""

    def compared(self, values: np.ndarray) -> np.ndarray:
        """Return targets or predictions as evaluations compare them. Default: as they are."""
        return values

    @abstractmethod
    def offered(self) -> dict[str, Any]:
        """Return what a head's constructor may ask for."""

    @abstractmethod
    def columns(
        self, task: str, prediction: np.ndarray, details: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """Return the columns of a prediction table: the value, then probabilities or what is known beside it."""

    @property
    def others(self) -> tuple[str, ...]:
        """Names of the columns that hold further parts of the label.

        With any, the kind is given a struct of its own column and these, in this order.
        """
        return ()

    def encoders(self) -> Mapping[str, Spec]:
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

"""The contract of a plain model: it reads a flat view of the rows and learns one task, cross-fitted."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from torso.columns.inputs._input import State
from torso.core.registry import Registry
from torso.plain.flat.flat import Flat
from torso.tasks._base.response import Response

__all__ = ["PlainModel"]


class PlainModel(ABC):
    """Base of all plain models. `class SparseLinear(PlainModel, name="linear")` files itself.

    Attributes:
        most_rows: labelled rows of a task beyond which it never takes part.
        drawn: whether another seed gives another model of the same rows.
    """

    registry: ClassVar[Registry[PlainModel]] = Registry("plain model")
    name: ClassVar[str] = ""
    most_rows: ClassVar[float] = math.inf
    drawn: ClassVar[bool] = True

    def __init_subclass__(cls, *, name: str = "", **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = name or cls.name
        if name:
            cls.registry.add(name, cls)

    @classmethod
    def suits(cls, flat: Flat, response: Response) -> bool:
        """Return whether it can learn the task in reasonable time; if not, it takes no part in it, and a note says so.

        Args:
            flat: the rows.
            response: their labels.
        """
        del flat
        return bool(response.labelled.sum() <= cls.most_rows)

    @classmethod
    @abstractmethod
    def cross_fit(
        cls, flat: Flat, response: Response, folds: np.ndarray, *, seed: int
    ) -> tuple[NDArray[np.float64], PlainModel]:
        """Learn one task; return its statements on rows held out of their folds, and the final model.

        Args:
            flat: the rows.
            response: their labels.
            folds: int `[rows]`, the fold in which a row is held out; -1: the row is not learnt from.
            seed: of all draws.

        Returns:
            Out-of-fold statements `[rows, width]` in the form of the response's family, 0 where the fold is -1; and
            the final model, which learned from all folds.

        Raises:
            ImportError: a library that it needs cannot be loaded; the message says the cure.
        """

    @abstractmethod
    def predict(self, flat: Flat) -> NDArray[np.float64]:
        """Return statements `[rows, width]` in the form of the response's family."""

    @classmethod
    def at_once(
        cls, models: Sequence[PlainModel], columns: int
    ) -> Callable[[Flat], Sequence[NDArray[np.float64]]]:
        """Return a function from few rows to the statements of all models, sooner than one after the other where it can.

        Args:
            models: of this class, of several tasks.
            columns: of the dense part of the flat view.
        """
        del columns
        return lambda flat: [model.predict(flat) for model in models]

    @abstractmethod
    def state(self) -> tuple[State, dict[str, np.ndarray]]:
        """Return all that was learnt: JSON values, and arrays by name. No pickle."""

    @classmethod
    @abstractmethod
    def restore(cls, values: State, arrays: dict[str, np.ndarray]) -> PlainModel:
        """Return the model whose `state` was saved."""

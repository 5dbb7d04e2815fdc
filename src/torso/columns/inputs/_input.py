"""The contract of an input kind: how cells of one column become features.

A kind learns what it must (statistics, vocabularies, tokenizers) from training rows in `fit`, keeps it as
JSON values in `state`, and lays out any rows' features in `source`. Its constructor's signature is the
schema of its settings in `run.yaml`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from torso.columns.digests import digests
from torso.columns.reading import Reading
from torso.columns.sources import Source
from torso.core.registry import Registry
from torso.tables.table import Column

__all__ = ["Input"]


class Input(ABC):
    """Base of all input kinds.

    `class NumberInput(Input, name="number", form="numbers", encoder="piecewise")` files itself.

    Attributes:
        form: the form of features that comes out, which encoders are filed under.
        encoder: name of the default encoder of that form.
        modality: name of the modality that columns of this kind join by default; empty: one of its own.
        length: steps of a cell that are read at most, where a cell has steps.
    """

    registry: ClassVar[Registry[Input]] = Registry("input kind")
    form: ClassVar[str] = ""
    encoder: ClassVar[str] = ""
    modality: ClassVar[str] = ""
    length: int

    def __init_subclass__(
        cls, *, name: str = "", form: str = "", encoder: str = "", modality: str = "", **kwargs: Any
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls.form = form or cls.form
        cls.encoder = encoder or cls.encoder
        cls.modality = modality or cls.modality
        if name:
            cls.registry.add(name, cls)

    def fit(self, column: Column) -> None:
        """Learn from the training rows of the column. Default: nothing."""

    def state(self) -> dict[str, Any]:
        """Return what `fit` learned, as JSON values. Default: nothing."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned. Default: nothing."""

    @abstractmethod
    def source(self, column: Column, reading: Reading) -> Source:
        """Return the features of all rows of the column."""

    def stamps(self, column: Column, reading: Reading) -> np.ndarray:  # noqa: ARG002
        """Return uint8 `[rows, 16]`, which change when a cell does; zeros where it is empty."""
        return digests(column.values)

    def places(self, column: Column) -> list[np.ndarray | None]:
        """Return where each step that an encoder reads stands in its cell, int64 `[steps, 2]`; None in an empty cell.

        Start and end (exclusive) are counted in characters of a text, or in steps of a sequence.
        """
        raise NotImplementedError(f"{type(self).__name__} has no steps.")

    @abstractmethod
    def offered(self) -> dict[str, Any]:
        """Return what an encoder's constructor may ask for; lists hold one element per scalar column."""

"""The contract of an input kind: how cells of one column become features.

A kind learns what it must (statistics, vocabularies, tokenizers) from training rows in `fit`, keeps it as
JSON values in `state`, and lays out any rows' features in `source`. Its constructor's signature is the
schema of its settings in `run.yaml`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from torso.columns.digests import digests
from torso.columns.media.files import MediaFiles
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.columns.sources import Source
from torso.core.ranges import SetBy
from torso.core.registry import Registry
from torso.tables.table import Column

__all__ = ["Input", "Offers", "State", "Suggestion", "Suited"]

Offers = dict[str, Any]
"""Facts about a column that an encoder's constructor may ask for, by the name of its argument."""

State = dict[str, Any]
"""JSON values that a kind has learned from training rows."""


@dataclass(frozen=True)
class Suggestion:
    """Settings that a column's cells suggest instead of the defaults.

    Attributes:
        settings: of the kind.
        why: the evidence.
    """

    settings: Mapping[str, object]
    why: str


@dataclass(frozen=True)
class Suited:
    """Settings that suit columns of so many training rows, for those that nobody names.

    Attributes:
        encoder: name of an encoder, or a mapping with its settings.
        settings: of the kind.
    """

    encoder: str | dict[str, object]
    settings: Mapping[str, object]


class Input(ABC):
    """Base of all input kinds.

    `class NumberInput(Input, name="number", form="numbers", encoder="piecewise")` files itself.

    Attributes:
        name: what YAML calls the kind.
        form: the form of features that comes out, which encoders are filed under.
        encoder: name of the default encoder of that form.
        modality: name of the modality that columns of this kind join by default; empty: one of its own.
        rank: place among the kinds that are asked whether they `recognise` a column, lowest first; None if
            the kind is never asked. Not inherited.
        plain: a cell is one value that can be compared, so the column can be checked for giving a target away.
        in_files: a cell names a file, or holds its bytes.
        facts: names of facts about a whole file.
        learned: attributes that `fit` sets, JSON values: the state of the input.
        notes: sentences for the user about the cells that `fit` saw.
        quickly_learnt: an encoder of this kind learns in few steps, without reading pictures, sounds or texts.
        length: steps of a cell that are read at most, where a cell has steps.
    """

    registry: ClassVar[Registry[Input]] = Registry("input kind", positional=SetBy.USER)
    name: ClassVar[str] = ""
    form: ClassVar[str] = ""
    encoder: ClassVar[str] = ""
    modality: ClassVar[str] = ""
    rank: ClassVar[int | None] = None
    plain: ClassVar[bool] = True
    in_files: ClassVar[bool] = False
    facts: ClassVar[tuple[str, ...]] = ()
    quickly_learnt: ClassVar[bool] = False
    learned: ClassVar[tuple[str, ...]] = ()
    notes: tuple[str, ...] = ()
    length: int

    def __init_subclass__(
        cls,
        *,
        name: str = "",
        form: str = "",
        encoder: str = "",
        modality: str = "",
        rank: int | None = None,
        **kwargs: object,
    ) -> None:
        super().__init_subclass__(**kwargs)
        # Scripts compare the name that these classes had before targets had theirs: `Number`, `Datetime`.
        cls.__name__ = cls.__name__.removesuffix("Input")
        cls.name = name or cls.name
        cls.form = form or cls.form
        cls.encoder = encoder or cls.encoder
        cls.modality = modality or cls.modality
        cls.rank = rank  # a kind derived from another is not asked in its stead
        if name:
            cls.registry.add(name, cls)

    @property
    def joins(self) -> bool:
        """True if columns of this kind may share a modality."""
        return bool(self.modality)

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:  # noqa: ARG003
        """Return why a column is of this kind, or None if it is not.

        A guess without a kind refuses the column: its cells look like this kind's but cannot be used.
        """
        return None

    @classmethod
    def suggest(cls, profile: Profile, files: MediaFiles) -> Suggestion | None:  # noqa: ARG003
        """Return settings that suit the cells better than the defaults. Default: none do.

        Args:
            profile: of the column.
            files: where files that cells name are found.
        """
        return None

    def suited(self, rows: int) -> Suited:  # noqa: ARG002
        """Return how so many training rows are read best. Default: by the default encoder, however many there are."""
        return Suited(self.encoder, {})

    def fit(self, column: Column) -> None:
        """Learn from the training rows of the column. Default: nothing."""

    def learn(self, column: Column, reading: Reading) -> None:  # noqa: ARG002
        """Learn from cells that name files, which `reading` reads. Default: `fit`."""
        self.fit(column)

    def state(self) -> State:
        """Return the fitted state as JSON values. Default: the attributes in `learned`."""
        return {name: getattr(self, name) for name in self.learned}

    def restore(self, state: State) -> None:
        """Restore the values of `state`."""
        for name in self.learned:
            setattr(self, name, state[name])

    @abstractmethod
    def source(self, column: Column, reading: Reading) -> Source:
        """Return the features of all rows of the column."""

    def stamps(self, column: Column, reading: Reading) -> np.ndarray:  # noqa: ARG002
        """Return uint8 `[rows, 16]`, which change when a cell does; zeros where it is empty."""
        return digests(column.values)

    def offsets(self, column: Column) -> list[np.ndarray | None]:
        """Return each step's start and end (exclusive) in its cell, int64 `[steps, 2]`; None in an empty cell.

        They are counted in characters of a text, or in steps of a sequence.
        """
        raise NotImplementedError(f"The input kind {self.name!r} has no steps.")

    @abstractmethod
    def offered(self) -> Offers:
        """Return facts for an encoder's constructor; lists hold one element per scalar column."""

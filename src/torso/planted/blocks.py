"""Input columns of one modality, and functions of them that tasks can answer from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

__all__ = ["Block", "Categories", "Numbers", "Signal", "Texts", "standard"]

Floats = NDArray[np.float64]

_FILLERS = [
    "about",
    "again",
    "around",
    "because",
    "before",
    "during",
    "every",
    "further",
    "little",
    "often",
    "other",
    "perhaps",
]
_TELLING = [
    "amber",
    "basil",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grape",
    "hazel",
    "ivory",
    "jade",
    "koala",
    "lemon",
    "maple",
    "north",
    "olive",
    "pearl",
]


@dataclass(frozen=True)
class Signal:
    """A function of the inputs.

    Attributes:
        values: `[rows]`, of mean 0 and deviation 1.
        columns: those it depends on.
        modality: theirs.
    """

    values: Floats
    columns: tuple[str, ...]
    modality: str

    def apart_from(self, other: Signal) -> Signal:
        """Return the part of this signal that another one does not tell."""
        told = float(np.mean(self.values * other.values)) * other.values
        return replace(self, values=standard(self.values - told))


class Block:
    """Columns of one modality.

    Args:
        modality: their modality.
        columns: their names.
    """

    kind = ""

    def __init__(self, modality: str, columns: Sequence[str]) -> None:
        self.modality = modality
        self.columns = tuple(columns)

    def cells(self) -> dict[str, list[object]]:
        """Return column -> its cells."""
        raise NotImplementedError

    def effect(self, draw: np.random.Generator, column: int) -> Floats:
        """Return a random function `[rows]` of one column."""
        raise NotImplementedError

    def bit(self, column: int) -> Floats:
        """Return a balanced function `[rows]` of one column, -1 or 1."""
        raise NotImplementedError

    def signal(self, draw: np.random.Generator, columns: Sequence[int]) -> Signal:
        """Return a random sum of functions of some columns, each with the same share."""
        parts = [standard(self.effect(draw, column)) for column in columns]
        return self._of(sum(parts, np.zeros(len(parts[0]))), columns)

    def sign(self, column: int) -> Signal:
        """Return `bit` as a signal."""
        return self._of(self.bit(column), [column])

    def _of(self, values: Floats, columns: Sequence[int]) -> Signal:
        return Signal(standard(values), tuple(self.columns[c] for c in columns), self.modality)


class Numbers(Block):
    """Standard normal numbers; their functions are waves."""

    kind = "number"

    def __init__(
        self, modality: str, columns: Sequence[str], rows: int, draw: np.random.Generator
    ) -> None:
        super().__init__(modality, columns)
        self.values = draw.normal(size=(rows, len(columns)))

    def cells(self) -> dict[str, list[object]]:
        """Return column -> numbers of four decimals."""
        return {
            name: self.values[:, number].round(4).tolist()
            for number, name in enumerate(self.columns)
        }

    def effect(self, draw: np.random.Generator, column: int) -> Floats:
        """Return a wave of the column, with a random length and phase."""
        wave: Floats = np.sin(
            draw.uniform(1.0, 2.5) * self.values[:, column] + draw.uniform(0, 2 * np.pi)
        )
        return wave

    def bit(self, column: int) -> Floats:
        """Return the sign."""
        return np.where(self.values[:, column] > 0, 1.0, -1.0)


class Categories(Block):
    """Categories of eight levels; their functions are a number per level."""

    kind = "category"
    levels = 8

    def __init__(
        self, modality: str, columns: Sequence[str], rows: int, draw: np.random.Generator
    ) -> None:
        super().__init__(modality, columns)
        self.codes = draw.integers(0, self.levels, size=(rows, len(columns)))

    def cells(self) -> dict[str, list[object]]:
        """Return column -> letters."""
        return {
            name: ["abcdefgh"[code] for code in self.codes[:, number]]
            for number, name in enumerate(self.columns)
        }

    def effect(self, draw: np.random.Generator, column: int) -> Floats:
        """Return a random number per level."""
        effect: Floats = draw.permutation(np.linspace(-1, 1, self.levels))[self.codes[:, column]]
        return effect

    def bit(self, column: int) -> Floats:
        """Return 1 for the first half of the levels."""
        return np.where(self.codes[:, column] < self.levels // 2, 1.0, -1.0)


class Texts(Block):
    """Short texts, each with three telling words among fillers; their functions are a number per telling word."""

    kind = "text"
    told = 3

    def __init__(
        self, modality: str, columns: Sequence[str], rows: int, draw: np.random.Generator
    ) -> None:
        super().__init__(modality, columns)
        self.codes = draw.integers(0, len(_TELLING), size=(rows, len(columns), self.told))
        self.fillers = draw.integers(0, len(_FILLERS), size=(rows, len(columns), 4))

    def cells(self) -> dict[str, list[object]]:
        """Return column -> texts of seven words."""
        return {
            name: [self._text(row, number) for row in range(len(self.codes))]
            for number, name in enumerate(self.columns)
        }

    def _text(self, row: int, column: int) -> str:
        telling = [_TELLING[code] for code in self.codes[row, column]]
        fillers = [_FILLERS[code] for code in self.fillers[row, column]]
        words = [fillers[0], telling[0], fillers[1], telling[1], fillers[2], telling[2], fillers[3]]
        return " ".join(words)

    def effect(self, draw: np.random.Generator, column: int) -> Floats:
        """Return the sum of a random number per telling word."""
        worth = draw.permutation(np.linspace(-1, 1, len(_TELLING)))
        effect: Floats = worth[self.codes[:, column]].sum(1)
        return effect

    def bit(self, column: int) -> Floats:
        """Return 1 if most telling words are of the first half of them."""
        first = (self.codes[:, column] < len(_TELLING) // 2).sum(1)
        return np.where(2 * first > self.told, 1.0, -1.0)


def standard(values: Floats) -> Floats:
    """Return values with mean 0 and deviation 1."""
    moved: Floats = values - values.mean()
    return moved / max(float(values.std()), 1e-12)

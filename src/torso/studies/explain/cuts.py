"""Cells cut into pieces: words of a text, regions of a picture, stretches of a recording.

A piece is left out the way its absence looks: a word is dropped, a region takes the picture's median colour, a
stretch is as quiet as the recording's quietest tenth. A cell without any piece is a missing one.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from torso.columns.inputs.audio import AudioInput

__all__ = ["Cut", "Piece", "Regions", "Stretches", "Whole", "Words"]

MOST_WORDS = 32
"""Pieces of a text at most; beyond, neighbouring words are one piece."""
SHORTEST = 0.05  # seconds of a stretch, about
_QUIET = 0.1  # quantile of the frames that counts as quiet

# Scripts without blanks between words are cut by characters.
_WORD = re.compile(r"[぀-ヿ㐀-鿿豈-﫿]|[^\s぀-ヿ㐀-鿿豈-﫿]+")


@dataclass(frozen=True)
class Piece:
    """A piece of a cell.

    Attributes:
        label: in words; empty for a whole cell.
        span: where it lies: first and last character, frame or sample (exclusive), or top, left, bottom, right.
    """

    label: str
    span: tuple[int, ...] = ()


class Cut(ABC):
    """A cell and its pieces.

    Attributes:
        pieces: in order; one for a cell that is left out as a whole.
        told: a sentence about how it was cut; empty where nothing is worth one.
    """

    pieces: tuple[Piece, ...]
    told: str = ""

    @abstractmethod
    def kept(self, which: Collection[int]) -> object:
        """Return the cell with some of its pieces, at least one of them."""


class Whole(Cut):
    """A cell that is there or not."""

    pieces = (Piece(""),)

    def __init__(self, told: str = "") -> None:
        self.told = told

    def kept(self, which: Collection[int]) -> object:
        """Return nothing: the cell itself stays."""
        del which
        return None


class Words(Cut):
    """A text without some of its words.

    >>> Words("a red  mug").kept([0, 2])
    'a mug'
    """

    def __init__(self, text: str) -> None:
        self.text = text
        words = [match.span() for match in _WORD.finditer(text)]
        size = -(-len(words) // MOST_WORDS)
        groups = [words[start : start + size] for start in range(0, len(words), size or 1)]
        spans = [(group[0][0], group[-1][1]) for group in groups]
        self.pieces = tuple(Piece(text[start:end], (start, end)) for start, end in spans)
        if size > 1:
            self.told = f"{len(words):,} words are left out {size} neighbours at a time: {len(spans)} pieces."

    def kept(self, which: Collection[int]) -> str:
        """Return the text without the words that are left out, nor the blanks behind them."""
        starts = [piece.span[0] for piece in self.pieces[1:]]
        ends = [*starts, len(self.text)]
        begins = [0, *starts]
        parts = [self.text[begins[number] : ends[number]] for number in sorted(which)]
        return "".join(parts).strip()


class Regions(Cut):
    """A picture without some of the cells of a grid.

    Args:
        pixels: uint8 `[height, width, 3]`, as the run reads it.
        grid: regions across and down.
    """

    def __init__(self, pixels: np.ndarray, grid: int) -> None:
        self.pixels = pixels
        rows, columns = (
            np.linspace(0, side, min(grid, side) + 1).round().astype(int)
            for side in pixels.shape[:2]
        )
        self.pieces = tuple(
            Piece(
                f"region r{row + 1} c{column + 1}",
                (
                    int(rows[row]),
                    int(columns[column]),
                    int(rows[row + 1]),
                    int(columns[column + 1]),
                ),
            )
            for row in range(len(rows) - 1)
            for column in range(len(columns) - 1)
        )
        self.told = f"{len(rows) - 1} rows by {len(columns) - 1} columns of regions, r1 at the top, c1 at the left."

    @cached_property
    def colour(self) -> np.ndarray:
        """The median colour, which left-out regions take."""
        return np.asarray(np.median(self.pixels, axis=(0, 1)), self.pixels.dtype)

    def kept(self, which: Collection[int]) -> np.ndarray:
        """Return the pixels, with the other regions in the median colour."""
        pixels = np.broadcast_to(self.colour, self.pixels.shape).copy()
        for number in which:
            top, left, bottom, right = self.pieces[number].span
            pixels[top:bottom, left:right] = self.pixels[top:bottom, left:right]
        return pixels


class Stretches(Cut):
    """A recording with some stretches silenced.

    Args:
        sound: frames `[frames, mels]` or samples `[samples]`, as the run reads them.
        kind: of the column.
        most: stretches.
    """

    def __init__(self, sound: np.ndarray, kind: AudioInput, most: int) -> None:
        self.sound = sound
        seconds = kind.settings.hop if sound.ndim == 2 else 1 / kind.settings.rate
        count = int(np.clip(len(sound) * seconds / SHORTEST, 1, most))
        ends = np.linspace(0, len(sound), min(count, len(sound)) + 1).round().astype(int)
        self.pieces = tuple(
            Piece(f"{start * seconds:.2f}–{end * seconds:.2f} s", (int(start), int(end)))
            for start, end in pairwise(ends)
        )

    @cached_property
    def quiet(self) -> np.ndarray:
        """A frame of the quietest tenth, band by band; samples are 0."""
        if self.sound.ndim == 1:
            return np.zeros((), self.sound.dtype)
        return np.quantile(self.sound.astype(np.float32), _QUIET, axis=0).astype(self.sound.dtype)

    def kept(self, which: Collection[int]) -> np.ndarray:
        """Return the sound, quiet in the other stretches."""
        sound = np.broadcast_to(self.quiet, self.sound.shape).copy()
        for number in which:
            start, end = self.pieces[number].span
            sound[start:end] = self.sound[start:end]
        return sound

"""Files as inputs: a cell names a file or holds its bytes, and each file is decoded once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from torso.columns.inputs._input import Input
from torso.columns.media.decoder import FileDecoder
from torso.columns.media_column import media_source, media_stamps
from torso.columns.media_facts import MediaFacts
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.columns.sources import Source
from torso.tables.table import Column
from torso.tables.types.media_cells import MEDIA

__all__ = ["MediaInput", "check_side"]

_BEGIN_SO, _END_SO = 0.5, 0.8  # shares of the cells


class MediaInput(Input):
    """Base of kinds that read files; a cell is a path, or the bytes.

    Attributes:
        endings: of the names of such files, in small letters.

    Args:
        root: folder or zip, or several, that the paths are relative to; default: the table's folder.
    """

    plain: ClassVar[bool] = False
    in_files: ClassVar[bool] = True
    endings: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise names with the kind's endings, and bytes that begin like its files."""
        if profile.is_bytes and profile.share(cls.begins) >= _BEGIN_SO:
            return Guess(cls.name, f"bytes that begin like {cls.name} files")
        if profile.type == MEDIA:
            share = profile.share(
                lambda cell: (
                    cls.begins(cell)
                    if isinstance(cell, bytes)
                    else cell.lower().endswith(cls.endings)
                )
            )
            return (
                Guess(cls.name, f"bytes or names of {cls.name} files") if share >= _END_SO else None
            )
        if not profile.is_text:
            return None
        if profile.share(lambda text: text.lower().endswith(cls.endings)) < _END_SO:
            return None
        ending = "." + profile.values[0].rsplit(".", 1)[-1].lower()
        return Guess(cls.name, f"names of {cls.name} files such as {ending}")

    @staticmethod
    @abstractmethod
    def begins(data: bytes) -> bool:
        """Return whether the bytes begin like a file of this kind."""

    def __init__(self, root: str | Sequence[str] | None = None) -> None:
        self.root = root

    @staticmethod
    def read_facts(data: bytes) -> np.ndarray:
        """Return the facts about a whole file, float32 `[1, facts]`; raise `MediaError` if it cannot be read."""
        raise NotImplementedError(f"This kind has no facts about a file of {len(data)} bytes.")

    @abstractmethod
    def decoder(self) -> FileDecoder:
        """Return the decoder of a file's bytes into features."""

    def source(self, column: Column, reading: Reading) -> Source:
        """Read every file of the column, from the cache where it is known."""
        source = media_source(column, reading, self.decoder(), self.root)
        if self.facts and source.facts is None:
            source.facts = MediaFacts(column, reading, self.facts, self.read_facts, self.root)
        return source

    def stamps(self, column: Column, reading: Reading) -> np.ndarray:
        """Return uint8 `[rows, 16]`, which change when a file does; zeros where no file is found."""
        return media_stamps(column, reading, self.root)


def check_side(size: int) -> int:
    """Return a side in pixels if it is one that pictures are brought to."""
    if not 16 <= size <= 1024:
        raise ValueError(f"Parameter `size` should be from 16 to 1024 pixels. Found {size}.")
    return size

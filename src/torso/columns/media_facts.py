"""Facts about whole files: features are cut or resized, but a recording's seconds and a picture's size tell much.

They are read when first asked for: a run that does not use them does not open a file for them. Like features, they
are kept in the cache by the content of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from torso.columns.media.decoder import FileDecoder
from torso.columns.media_column import media_source
from torso.columns.reading import Reading
from torso.tables.table import Column

__all__ = ["MediaFacts"]


class MediaFacts:
    """Facts about the files of a column.

    Args:
        column: paths of files, or their bytes.
        reading: where to look; nothing is noted in it.
        names: of the facts.
        read: bytes -> float32 `[1, facts]`; raises `MediaError`.
        root: the column's own root.
    """

    def __init__(
        self,
        column: Column,
        reading: Reading,
        names: tuple[str, ...],
        read: Callable[[bytes], np.ndarray],
        root: str | Sequence[str] | None = None,
    ) -> None:
        self.column = column
        # Unreadable files are told of where the features are read.
        silent = replace(reading.options, on_error="missing", in_pieces=True, progress=None)
        self.reading = Reading(silent)
        self.names = names
        self.read = read
        self.root = root

    @cached_property
    def values(self) -> np.ndarray:
        """Float32 `[rows, facts]`, NaN where there is no file or it cannot be read."""
        settings = {"form": "facts", "version": 1, "names": [*self.names]}
        decoder = FileDecoder(settings, self.read, np.dtype(np.float32), (len(self.names),), 1)
        source = media_source(self.column, self.reading, decoder, self.root)
        values, present = source.batch(np.arange(len(source)))
        facts: np.ndarray = np.where(present[:, None], values[:, 0], np.float32(np.nan))
        return facts

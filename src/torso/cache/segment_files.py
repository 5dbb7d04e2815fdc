"""Data of segments, read from their files straight into a batch.

Memory maps would be as quick, but whoever reads a map of a file that was cut meanwhile dies of SIGBUS. A plain read of
such a file comes back short. Data that is not in memory yet is fetched for a whole batch side by side, not one wait
after another.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

__all__ = ["Place", "SegmentFiles"]

_MOST_OPEN = 256
_SLOW = 1e9  # bytes per second; memory is faster, a disk is seldom

Place = tuple[int, memoryview]
"""First byte of an item in its file, and the memory that takes it."""


class SegmentFiles:
    """The data files of a folder's segments, opened when first read.

    Args:
        folder: where the segments lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._open: OrderedDict[str, _File] = OrderedDict()
        self._prefetch = False

    def read(self, name: str, places: Sequence[Place]) -> list[bool]:
        """Fill the memory of each place from segment `name`; return which of them are whole.

        A file that is gone, cut or unreadable fills nothing, or a part.
        """
        try:
            file = self._file(name)
        except OSError:
            return [False] * len(places)
        if self._prefetch:
            for offset, memory in places:
                os.posix_fadvise(file.handle, offset, len(memory), os.POSIX_FADV_WILLNEED)
        return [file.fill(offset, memory) for offset, memory in places]

    def served(self, num_bytes: int, seconds: float) -> None:
        """Note that a batch was read: the next one is prefetched if this one was slow."""
        self._prefetch = hasattr(os, "posix_fadvise") and num_bytes < seconds * _SLOW

    def clear(self) -> None:
        """Close the files, each once nobody reads it."""
        with self._lock:
            self._open.clear()

    def _file(self, name: str) -> _File:
        with self._lock:
            file = self._open.get(name)
            if file is None:
                file = self._open[name] = _File(self._folder / f"{name}.bin")
            self._open.move_to_end(name)
            if len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)
            return file


class _File:
    """An open file, closed with the last that refers to it: another thread may still read from one put aside."""

    def __init__(self, path: Path) -> None:
        self.handle = -1
        self.handle = os.open(path, os.O_RDONLY)

    def __del__(self) -> None:
        if self.handle >= 0:
            os.close(self.handle)

    def fill(self, offset: int, memory: memoryview) -> bool:
        """Read into all of `memory`; return False if the file ends before, or cannot be read."""
        with suppress(OSError):
            while memory:
                read = os.preadv(self.handle, [memory], offset)
                if read == len(memory):
                    return True
                if read == 0:
                    return False
                offset, memory = offset + read, memory[read:]
            return True
        return False

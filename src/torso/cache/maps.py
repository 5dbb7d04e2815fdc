"""Features read out of memory maps, at the speed of memory and without filling it.

The pages of a map count as this process's memory once they were touched, so a long epoch would seem to
need as much memory as the cache has bytes. Therefore they are handed back now and then, while the file stays
in the system's page cache. Data that is not in memory yet is fetched for a whole batch side by side, not one
page fault after another.
"""

from __future__ import annotations

import math
import mmap
from collections import OrderedDict
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt

__all__ = ["SegmentMaps"]

_MOST_MAPS = 256  # each holds a file open
_MOST_TOUCHED = 64 << 20  # bytes
_SLOW = 1e9  # bytes per second; memory is faster, a disk is seldom


class SegmentMaps:
    """The data of a folder's segments as arrays `[rows, *tail]`, mapped when first read.

    Args:
        folder: where the segments lie.
        dtype: of the data.
        tail: shape of a row.
        skip: bytes at the start of each file that are no data.
    """

    def __init__(self, folder: Path, dtype: np.dtype, tail: tuple[int, ...], skip: int) -> None:
        self._folder = folder
        self._dtype, self._tail, self._skip = dtype, tail, skip
        self._row_bytes = dtype.itemsize * math.prod(tail)
        self._lock = Lock()
        self._open: OrderedDict[str, tuple[mmap.mmap, np.ndarray]] = OrderedDict()
        self._touched = 0
        self._prefetch = False

    def read(
        self, name: str, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
    ) -> np.ndarray:
        """Return all rows of segment `name`.

        Args:
            name: the segment.
            starts: first row of each item that the caller is about to read.
            lengths: rows of each of these items.

        Raises:
            OSError: the file is gone or shorter than it was.
        """
        mapped, rows = self._map(name, end=int((starts + lengths).max()))
        if self._prefetch:
            first = self._skip + starts * self._row_bytes
            page = first // mmap.PAGESIZE * mmap.PAGESIZE
            sizes = first + lengths * self._row_bytes - page
            for offset, size in zip(page.tolist(), sizes.tolist(), strict=True):
                mapped.madvise(mmap.MADV_WILLNEED, offset, size)
        return rows

    def served(self, num_bytes: int, seconds: float) -> None:
        """Note that a batch was read: give memory back in time, and prefetch the next if this one was slow."""
        self._prefetch = hasattr(mmap, "MADV_WILLNEED") and num_bytes < seconds * _SLOW
        self._touched += num_bytes
        if self._touched < _MOST_TOUCHED or not hasattr(mmap, "MADV_DONTNEED"):
            return
        self._touched = 0
        with self._lock:
            for mapped, _ in self._open.values():
                mapped.madvise(mmap.MADV_DONTNEED)

    def clear(self) -> None:
        """Forget all maps; arrays that still read from one keep it alive."""
        with self._lock:
            self._open.clear()

    def _map(self, name: str, end: int) -> tuple[mmap.mmap, np.ndarray]:
        with self._lock:
            opened = self._open.get(name)
            if opened is None or len(opened[1]) < end:  # new, or it has grown since
                opened = self._open[name] = self._map_file(name, end)
            self._open.move_to_end(name)
            if len(self._open) > _MOST_MAPS:
                self._open.popitem(last=False)
            return opened

    def _map_file(self, name: str, end: int) -> tuple[mmap.mmap, np.ndarray]:
        path = self._folder / f"{name}.bin"
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        num_rows = (len(mapped) - self._skip) // self._row_bytes
        if num_rows < end:
            raise OSError(f"{path.name} has become shorter")
        flat = np.frombuffer(mapped, self._dtype, num_rows * math.prod(self._tail), self._skip)
        return mapped, flat.reshape(num_rows, *self._tail)

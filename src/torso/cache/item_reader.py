"""Items out of segments into a batch, each compared with its checksum when it is first read."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from time import perf_counter

import numpy as np
import numpy.typing as npt

from torso.cache.segment_files import Place, SegmentFiles
from torso.cache.segments import SEAL_BYTES
from torso.core.errors import DataError

__all__ = ["LOCATION", "DamagedItems", "ItemReader"]

LOCATION = np.dtype(
    [("start", np.int64), ("length", np.int32), ("segment", np.int32), ("sum", np.uint32)]
)
"""Where an item lies: start and length count rows of the segment; `sum` is a CRC-32."""


class DamagedItems(DataError):
    """Items of the cache are not as they were stored.

    Args:
        folder: of the cache.
        items: their numbers; `FeatureStore.add` of their contents makes them anew.
    """

    def __init__(self, folder: Path, items: npt.NDArray[np.int64]) -> None:
        super().__init__(
            f"The cache folder {str(folder)!r} was damaged while in use: {len(items)} of the entries read at once "
            "are gone or changed. Run again: what is lost is made anew."
        )
        self.items = items


class ItemReader:
    """Reads items of one store in one process; safe for threads.

    Args:
        folder: where the segments lie.
        row_bytes: of a row of an item.
    """

    def __init__(self, folder: Path, row_bytes: int) -> None:
        self._files = SegmentFiles(folder)
        self._row_bytes = row_bytes
        self._lock = Lock()
        self._checked = np.zeros(0, bool)  # items that were as they were stored

    def read(
        self,
        items: npt.NDArray[np.int64],
        locations: np.ndarray,
        segments: Sequence[str],
        values: np.ndarray,
    ) -> npt.NDArray[np.bool_]:
        """Fill a batch, and return which items are damaged.

        Args:
            items: `[n]`, -1 for an absent one.
            locations: `[n]` of dtype `LOCATION`.
            segments: names, by the number in a location.
            values: `[n, longest, *tail]`; the end of a shorter item stays as it is.
        """
        damaged = np.zeros(len(items), bool)
        if not values.size:
            return damaged
        began = perf_counter()
        checked, sums = self._checked_before(items), locations["sum"].tolist()
        for segment, numbered in self._places(locations, values).items():
            filled = self._files.read(segments[segment], [place for _, place in numbered])
            for (index, (_, memory)), full in zip(numbered, filled, strict=True):
                right = full and (checked[index] or zlib.crc32(memory) == sums[index])
                damaged[index] = not right
        self._files.served(values.nbytes, perf_counter() - began)
        whole = items[~damaged & (items >= 0)]
        with self._lock:
            self._checked[whole] = True
        return damaged

    def suspect(self, items: npt.NDArray[np.int64]) -> None:
        """Compare these items again when they are next read."""
        with self._lock:
            self._checked[items] = False

    def clear(self) -> None:
        """Close the files."""
        self._files.clear()

    def _places(
        self, locations: np.ndarray, values: np.ndarray
    ) -> dict[int, list[tuple[int, Place]]]:
        """Return segment -> index and place of each of its items that has rows."""
        memory = values.reshape(-1).view(np.uint8).data
        step = len(memory) // len(values)
        places: dict[int, list[tuple[int, Place]]] = {}
        for index, (start, length, segment, _) in enumerate(locations.tolist()):
            if length:
                own = memory[index * step : index * step + length * self._row_bytes]
                place = (SEAL_BYTES + start * self._row_bytes, own)
                places.setdefault(segment, []).append((index, place))
        return places

    def _checked_before(self, items: npt.NDArray[np.int64]) -> list[bool]:
        with self._lock:
            room = int(items.max(initial=-1)) + 1 - len(self._checked)
            if room > 0:
                more = np.zeros(room + len(self._checked) // 2, bool)
                self._checked = np.concatenate([self._checked, more])
            checked: list[bool] = self._checked[items].tolist()
            return checked

"""Features of media files, decoded once and then read from disk in every later epoch and run.

A `FeatureStore` holds the features of each content under one set of settings: known content is never decoded
again, changed content is another key, changed settings are another folder, `<root>/<digest of settings>/`,
with a readable `settings.json`. `torso.cache.stamps` saves even the reading of an unchanged file.
`torso.cache.segments` keeps the store true when a writer is killed or the disk is full. Each item has a checksum, compared
when a process first reads it: bytes that a disk or another program changed are never used.

A million known items cost about 40 MB of memory here, however many bytes they have.
"""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from pickle import PicklingError
from threading import RLock

import numpy as np
import numpy.typing as npt

from torso.cache.closing import ClosedByBlock
from torso.cache.item_reader import LOCATION, DamagedItems, ItemReader
from torso.cache.keys import KEY_BYTES, GrowingArray, KeyTable, as_keys, content_digest
from torso.cache.segments import (
    SEAL_BYTES,
    SegmentWriter,
    disk_error,
    forget_items,
    make_folder,
    read_segments,
    remove_leftovers,
    replace_file,
)
from torso.core.errors import ConfigError, DataError

__all__ = ["FeatureStore", "cache_root"]

_FORMAT = 2
_COMMIT_BYTES = 64 << 20
_READ_AT_ONCE = 256  # items

# On disk; start and length are counted in rows of the segment; `sum` is a CRC-32.
_ITEM = np.dtype([("key", f"V{KEY_BYTES}"), ("start", "<i8"), ("length", "<i4"), ("sum", "<u4")])


def cache_root(named: str | None = None) -> Path:
    """Return the folder of all caches: `named`, else `$TORSO_CACHE`, else `~/.cache/torso`."""
    named = named or os.environ.get("TORSO_CACHE")
    try:
        return Path(named or "~/.cache/torso").expanduser()
    except RuntimeError as error:
        raise DataError(
            "There is no home folder for the cache. Set the environment variable TORSO_CACHE to a folder "
            "that you may write."
        ) from error


class FeatureStore(ClosedByBlock):
    """Features of one kind under one set of settings; safe for threads and for many processes at once.

    An item is an array `[length, *tail]`; its number counts from 0, belongs to this object and is not stored.
    What is added can be gathered at once; it survives the process once it is committed: every 64 MB (or 1 %
    of the store, if that is more), by `commit`, and by `close`. A folder that may only be read serves its
    items and refuses `add`. A damaged item is refused until `add` replaces it, under its old number.

    Args:
        root: folder of all caches, usually `cache_root()`.
        settings: everything that shapes the features, the decoder's version included; JSON values.
        dtype: of every item.
        tail: shape of every item after its first axis.

    Raises:
        DataError: the folder cannot be made.

    Example:
        >>> from tempfile import mkdtemp
        >>> with FeatureStore(Path(mkdtemp()), {"kind": "image", "size": 8}, "uint8", (8, 3)) as store:
        ...     item = store.add(content_digest(b"the file"), np.ones((8, 8, 3), np.uint8))
        ...     values, lengths = store.gather(np.array([item, -1]))
        >>> values.shape, lengths.tolist()
        ((2, 8, 8, 3), [8, 0])
    """

    def __init__(
        self,
        root: Path,
        settings: Mapping[str, object],
        dtype: npt.DTypeLike,
        tail: tuple[int, ...] = (),
    ) -> None:
        self.dtype = np.dtype(dtype)
        self.tail = tuple(tail)
        if self.dtype.hasobject or min(self.tail, default=1) < 1:
            raise ValueError(
                "Parameter `dtype` should be plain numbers and every size in `tail` at least 1. "
                f"Found dtype {self.dtype} and tail {self.tail}."
            )
        description = _canonical(settings, self.dtype, self.tail)
        self._identity = content_digest(description.encode())
        self.folder = root / self._identity.hex()
        make_folder(self.folder)
        with suppress(OSError):  # for people to read; nothing depends on it
            if not (self.folder / "settings.json").exists():
                readable = json.dumps(json.loads(description), indent=2, ensure_ascii=False)
                replace_file(self.folder / "settings.json", readable.encode())
        remove_leftovers(self.folder)

        self._keys = KeyTable()
        self._locations = GrowingArray(LOCATION)
        self._segments: list[str] = []
        self._damaged: set[int] = set()  # items that `add` makes anew
        self._stored_bytes = 0
        self._open()
        self.refresh()

    def _open(self) -> None:
        """Set up the parts that belong to one process."""
        self._lock = RLock()
        self._reader = ItemReader(self.folder, self._row_bytes)
        self._writer: SegmentWriter | None = None
        self._writing = -1  # the number of the writer's segment
        self._pending: list[tuple[bytes, int, int, int]] = []
        self._failed: list[SegmentWriter] = []

    def __getstate__(self) -> dict[str, object]:
        """Return the index for another process of this machine, which reads the same files; all items are committed."""
        self.commit()
        if self._failed:
            raise PicklingError(f"Items of {self.folder} could not be written to the disk.")
        with self._lock:
            own = ("_lock", "_reader", "_writer", "_writing", "_pending", "_failed")
            return {name: value for name, value in vars(self).items() if name not in own}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)
        self._open()

    def __len__(self) -> int:
        return len(self._locations)

    def refresh(self) -> None:
        """Read the items that other processes committed since; known items keep their numbers."""
        with self._lock:
            known = set(self._segments)
            segments = list(read_segments(self.folder, self._identity, _ITEM, skip=known))
            first = len(self._locations)
            for name, records, data_bytes in segments:
                locations = np.empty(len(records), LOCATION)
                for field in ("start", "length", "sum"):
                    locations[field] = records[field]
                locations["segment"] = len(self._segments)
                self._segments.append(name)
                self._stored_bytes += data_bytes
                self._locations.append(locations)
            if segments:
                keys = np.concatenate([as_keys(records["key"]) for _, records, _ in segments])
                self._keys.extend(keys, first)

    def positions(self, digests: np.ndarray) -> npt.NDArray[np.int64]:
        """Return the item number of each digest, -1 where it is unknown.

        Args:
            digests: `[n, 16]` uint8, or `[n]` of dtype V16.
        """
        with self._lock:
            return self._keys.find(as_keys(digests))

    def position(self, digest: bytes) -> int:
        """Return the item number of one digest, -1 if it is unknown."""
        with self._lock:
            return self._keys.find_one(digest)

    def lengths(self, items: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return the length of each item's first axis, 0 for item -1."""
        return self._locations.take(items)["length"].astype(np.int64)

    def add(self, digest: bytes, array: np.ndarray) -> int:
        """Store the features of a content and return their item number.

        A known content is not stored again, unless its item was found to be damaged.

        Raises:
            DataError: the disk is full or may not be written. What was committed stays; items added since
                then stay readable here and are committed if their index still fits.
        """
        if len(digest) != KEY_BYTES:
            raise ValueError(
                f"Parameter `digest` should be {KEY_BYTES} bytes. Found {len(digest)}."
            )
        if array.dtype != self.dtype or array.ndim == 0 or array.shape[1:] != self.tail:
            raise ValueError(
                f"Parameter `array` should be {self.dtype} of shape [length, *{self.tail}]. "
                f"Found {array.dtype} of shape {array.shape}."
            )
        with self._lock:
            item = self._keys.find_one(digest)
            if item >= 0 and item not in self._damaged:
                return item
            data = array.tobytes()
            writer = self._append(data)
            start = (writer.size - len(data) - SEAL_BYTES) // self._row_bytes
            self._pending.append((digest, start, len(array), total := zlib.crc32(data)))
            location = np.array([(start, len(array), self._writing, total)], LOCATION)
            if item >= 0:
                self._locations.put(item, location)
                self._damaged.discard(item)
            else:
                item = self._locations.append(location)
                self._keys.insert(digest, item)
            if writer.size >= max(_COMMIT_BYTES, self._stored_bytes // 100):
                self.commit()
            return item

    def gather(self, items: npt.NDArray[np.int64]) -> tuple[np.ndarray, npt.NDArray[np.int64]]:
        """Return the items side by side, padded with zeros at the end.

        Args:
            items: `[n]` item numbers; -1 is an absent item of length 0.

        Returns:
            values `[n, longest, *tail]` and lengths int64 `[n]`.

        Raises:
            DamagedItems: some are not as they were stored; later runs do not know them any more.
        """
        items = np.asarray(items, np.int64)
        locations = self._locations.take(items)
        lengths = locations["length"].astype(np.int64)
        values = np.empty((len(locations), int(lengths.max(initial=0)), *self.tail), self.dtype)
        for value, length in zip(values, lengths.tolist(), strict=True):
            if length < len(value):
                value[length:] = 0
        damaged = self._reader.read(items, locations, self._segments, values)
        if damaged.any():
            wrong, first = np.unique(items[damaged], return_index=True)
            self._forget(wrong, locations[damaged][first])
            raise DamagedItems(self.folder, wrong)
        return values, lengths

    def damaged(self, items: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return those of the items that are not as they were stored, each once; all are read for it."""
        damaged = [np.zeros(0, np.int64)]
        items = np.unique(items)
        for start in range(0, len(items), _READ_AT_ONCE):
            try:
                self.gather(items[start : start + _READ_AT_ONCE])
            except DamagedItems as error:
                damaged.append(error.items)
        return np.concatenate(damaged)

    def commit(self) -> None:
        """Make everything added so far survive this process.

        Raises:
            DataError: the disk refuses; the items of this commit will be decoded again by a later run.
        """
        with self._lock:
            writer, pending = self._own_writer(), self._pending
            if writer is None:
                return
            try:
                if pending:
                    writer.commit(np.array(pending, _ITEM))
                    self._stored_bytes += writer.size
                else:
                    writer.discard()
            except OSError as error:
                self._failed.append(writer)
                self._writer, self._pending = None, []
                raise disk_error(self.folder, error, len(pending) * _ITEM.itemsize) from error
            self._writer, self._pending = None, []

    def close(self) -> None:
        """Commit; close the files and discard items that could not be committed."""
        try:
            self.commit()
        finally:
            with self._lock:
                for writer in self._failed:
                    writer.discard()
                self._failed.clear()
                self._reader.clear()

    @property
    def _row_bytes(self) -> int:
        return self.dtype.itemsize * math.prod(self.tail)

    def _append(self, data: bytes) -> SegmentWriter:
        try:
            writer = self._own_writer()
            if writer is None:
                make_folder(self.folder)  # somebody may have deleted the cache
                writer = SegmentWriter(self.folder, self._identity)
                self._writing = len(self._segments)
                self._segments.append(writer.name)
                self._writer = writer  # last: an interrupt before leaves nothing half set
            writer.append(data)
        except OSError as error:
            with suppress(DataError):
                self.commit()
            raise disk_error(self.folder, error, len(data)) from error
        return writer

    def _own_writer(self) -> SegmentWriter | None:
        """Return the writer; None in a forked child, since the parent will commit."""
        if self._writer is not None and self._writer.process != os.getpid():
            self._writer, self._pending, self._failed = None, [], []
        return self._writer

    def _forget(self, items: npt.NDArray[np.int64], read: np.ndarray) -> None:
        """Take damaged items out of the indices on disk, unless another thread replaced them; `add` may do so now."""
        with self._lock:
            same = self._locations.take(items) == read
            items, read = items[same], read[same]
            self._damaged.update(items.tolist())
            self._reader.suspect(items)
            for segment in np.unique(read["segment"]).tolist():
                if segment != self._writing or self._writer is None:
                    starts = read["start"][read["segment"] == segment]
                    forget_items(self.folder, self._identity, self._segments[segment], starts)


def _canonical(settings: Mapping[str, object], dtype: np.dtype, tail: tuple[int, ...]) -> str:
    """Return one text for equal settings, whatever the order of their keys."""
    description = {
        "format": _FORMAT,
        "dtype": dtype.str,
        "tail": tail,
        "settings": dict(settings),
    }
    try:
        return json.dumps(description, sort_keys=True, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"The settings of a cache should be JSON values: {error}. Found {dict(settings)!r}."
        ) from error

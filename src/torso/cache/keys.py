"""16-byte keys, and a table from keys to item numbers.

A million keys are 20 MB, not a million Python objects. Sorted keys answer by binary search, whole batches at a
time. The newest keys wait in a small dict, so that adding one doesn't sort them all.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt

__all__ = ["KEY_BYTES", "GrowingArray", "KeyTable", "as_keys", "content_digest"]

KEY_BYTES = 16
_MOST_RECENT = 1 << 16  # keys in the dict


def content_digest(data: bytes) -> bytes:
    """Return the key of some bytes: 16 bytes, other ones for any other content.

    >>> content_digest(b"a cell").hex()
    '9162a4d271e032c5869dde05835fdf93'
    """
    return blake2b(data, digest_size=KEY_BYTES).digest()


def as_keys(keys: np.ndarray) -> npt.NDArray[np.bytes_]:
    """Return `[n, 16]` uint8 or `[n]` V16 as the sortable `[n]` S16 that a `KeyTable` reads."""
    keys = np.ascontiguousarray(keys)
    rows_of_bytes = keys.dtype == np.uint8 and keys.ndim == 2 and keys.shape[1] == KEY_BYTES
    if not rows_of_bytes and not (keys.dtype.kind in "VS" and keys.dtype.itemsize == KEY_BYTES):
        raise ValueError(
            f"Keys should be [n, {KEY_BYTES}] uint8 or [n] V{KEY_BYTES}. "
            f"Found {keys.dtype} of shape {keys.shape}."
        )
    return keys.reshape(-1).view(f"S{KEY_BYTES}")


class GrowingArray:
    """A one-dimensional array with a cheap `append`; reading is safe while another thread appends."""

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self._values: np.ndarray = np.empty(0, dtype)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, block: np.ndarray) -> int:
        """Append `block` and return the number of its first entry."""
        first, end = self._count, self._count + len(block)
        if end > len(self._values):
            grown = np.empty(max(end, first + first // 2), self._values.dtype)
            grown[:first] = self._values[:first]
            self._values = grown
        self._values[first:end] = block
        self._count = end
        return first

    def put(self, item: int, entry: np.ndarray) -> None:
        """Write `entry`, of length 1, over the entry `item`."""
        self._values[item : item + 1] = entry

    def take(self, items: npt.NDArray[np.int64]) -> np.ndarray:
        """Return the entries `items`; -1 gives zeros."""
        items = np.asarray(items, np.int64)
        if items.size and not -1 <= items.min() <= items.max() < self._count:
            raise IndexError(
                f"Items should lie between -1 and {self._count - 1}. "
                f"Found {items.min()} to {items.max()}."
            )
        taken = np.zeros(len(items), self._values.dtype)
        present = items >= 0
        taken[present] = self._values[items[present]]
        return taken


class KeyTable:
    """Item numbers by key; of equal keys the first one counts.

    >>> table = KeyTable()
    >>> table.insert(content_digest(b"first"), 0)
    >>> table.find_one(content_digest(b"first")), table.find_one(content_digest(b"second"))
    (0, -1)
    """

    def __init__(self) -> None:
        # Keys in order and their items: one value, so that no interrupt can part them.
        self._sorted = (np.empty(0, f"S{KEY_BYTES}"), np.empty(0, np.int32))
        self._recent: dict[bytes, int] = {}

    def extend(self, keys: npt.NDArray[np.bytes_], first: int) -> None:
        """Add keys, numbered from `first` on."""
        self._merge(keys, np.arange(first, first + len(keys), dtype=np.int32))

    def insert(self, key: bytes, item: int) -> None:
        """Add one key."""
        self._recent.setdefault(key, item)
        if len(self._recent) >= _MOST_RECENT:
            keys = np.frombuffer(b"".join(self._recent), f"S{KEY_BYTES}")
            self._merge(keys, np.array(list(self._recent.values()), np.int32))
            self._recent = {}

    def _merge(self, keys: npt.NDArray[np.bytes_], items: npt.NDArray[np.int32]) -> None:
        keys = np.concatenate([self._sorted[0], keys])
        items = np.concatenate([self._sorted[1], items])
        order = np.argsort(keys, kind="stable")
        self._sorted = (keys[order], items[order])

    def find_one(self, key: bytes) -> int:
        """Return the item number of `key`, -1 if it is unknown."""
        known, items = self._sorted
        wanted = np.frombuffer(key, f"S{KEY_BYTES}")
        index = int(known.searchsorted(wanted)[0])
        if index < len(known) and known[index] == wanted[0]:
            return int(items[index])
        return self._recent.get(key, -1)

    def find(self, keys: npt.NDArray[np.bytes_]) -> npt.NDArray[np.int64]:
        """Return the item number of each key, -1 where it is unknown."""
        numbers = np.full(len(keys), -1, np.int64)
        known, items = self._sorted
        if len(known):
            indices = np.searchsorted(known, keys)
            indices[indices == len(known)] = 0
            equal = known[indices] == keys
            numbers[equal] = items[indices[equal]]
        if self._recent:
            raw = keys.tobytes()
            for miss in np.flatnonzero(numbers < 0).tolist():
                key = raw[miss * KEY_BYTES : (miss + 1) * KEY_BYTES]
                numbers[miss] = self._recent.get(key, -1)
        return numbers

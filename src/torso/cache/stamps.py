"""Remembers the content of each file by its stamp, so that an unchanged file is not read again.

One map for all settings, `<root>/stamps/`: the stamp of a file (path, size, time of change; 16 bytes) to
the digest of its content (16 bytes). It is kept in segments like the features, but all in the index.
"""

from __future__ import annotations

from pathlib import Path
from threading import RLock
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from torso.cache.closing import ClosedByBlock
from torso.cache.keys import KEY_BYTES, GrowingArray, KeyTable, as_keys, content_digest
from torso.cache.segments import (
    disk_error,
    make_folder,
    read_segments,
    remove_leftovers,
    write_index,
)

__all__ = ["StampMemo"]

_IDENTITY = content_digest(b"torso stamps 1")
_RECORD = np.dtype([("key", f"V{KEY_BYTES}"), ("digest", f"V{KEY_BYTES}")])
_MOST_PENDING = 1 << 16  # stamps that wait for a commit


class StampMemo(ClosedByBlock):
    """Digests of files by their stamp; safe for threads and for many processes at once.

    A stamp sees the time of change only as finely as the file system keeps it: a file that was changed
    within the last two seconds may change again under the same stamp and is better not added.

    Args:
        root: folder of all caches, usually `torso.cache.store.cache_root()`.

    Raises:
        DataError: the folder cannot be made.

    Example:
        >>> from tempfile import mkdtemp
        >>> with StampMemo(Path(mkdtemp())) as memo:
        ...     memo.add(b"path, size, time", b"digest of a file")
        ...     digests, known = memo.lookup(np.frombuffer(b"path, size, timepath, size, TIME", "V16"))
        >>> digests[0].tobytes(), known.tolist()
        (b'digest of a file', [True, False])
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / "stamps"
        make_folder(self.folder)
        remove_leftovers(self.folder)
        self._lock = RLock()
        self._keys = KeyTable()
        self._digests = GrowingArray(f"V{KEY_BYTES}")
        self._pending: list[tuple[bytes, bytes]] = []
        blocks = [records for _, records, _ in read_segments(self.folder, _IDENTITY, _RECORD)]
        if blocks:
            records = np.concatenate(blocks)
            self._keys.extend(as_keys(records["key"]), self._digests.append(records["digest"]))

    def __len__(self) -> int:
        return len(self._digests)

    def lookup(self, stamps: np.ndarray) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """Return the digest of each file.

        Args:
            stamps: `[n, 16]` uint8, or `[n]` V16.

        Returns:
            digests uint8 `[n, 16]`, zeros where unknown; known bool `[n]`.
        """
        with self._lock:
            items = self._keys.find(as_keys(stamps))
            digests = self._digests.take(items)
        return digests.view(np.uint8).reshape(len(items), KEY_BYTES), items >= 0

    def add(self, stamp: bytes, digest: bytes) -> None:
        """Remember that the file with `stamp` has the content `digest`.

        Raises:
            DataError: the disk is full or may not be written.
        """
        if len(stamp) != KEY_BYTES or len(digest) != KEY_BYTES:
            raise ValueError(
                f"Parameters `stamp` and `digest` should be {KEY_BYTES} bytes each. "
                f"Found {len(stamp)} and {len(digest)}."
            )
        with self._lock:
            if self._keys.find_one(stamp) >= 0:
                return
            self._keys.insert(stamp, self._digests.append(np.array([digest], f"V{KEY_BYTES}")))
            self._pending.append((stamp, digest))
            if len(self._pending) >= _MOST_PENDING:
                self.commit()

    def commit(self) -> None:
        """Make everything added so far survive this process.

        Raises:
            DataError: the disk is full or may not be written; what was committed before stays.
        """
        with self._lock:
            if not self._pending:
                return
            records = np.array(self._pending, _RECORD)
            self._pending = []
            try:
                write_index(self.folder, _IDENTITY, uuid4().hex, records, data_bytes=0)
            except OSError as error:
                raise disk_error(self.folder, error, records.nbytes) from error

    def close(self) -> None:
        """Commit."""
        self.commit()

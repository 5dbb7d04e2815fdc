"""The cache on disk: segment files, read only if complete and intact.

A folder holds segments. `<name>.bin` is raw data, private to its writer while it grows; `<name>.npy` is its
index, moved into place in one step once the data is on the disk. From then on the data never changes, and the
index only loses items that turn out to be damaged. The index carries the length of the data and a checksum of itself;
both files carry a seal made from the folder's identity and the segment's name. Whatever doesn't fit (a killed writer, a
full disk, a cut or misplaced file) is passed over, so the worst case is work done again. Contents are compared with
their checksums where they are read (`torso.cache.item_reader`).

A writer holds a lock on its data until it commits or dies. So leftovers of dead writers can be told from the
work of living ones, across processes and containers.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from torso.core.errors import DataError

if sys.platform != "win32":
    import fcntl

__all__ = [
    "SEAL_BYTES",
    "SegmentWriter",
    "disk_error",
    "forget_items",
    "make_folder",
    "read_segments",
    "remove_leftovers",
    "replace_file",
    "write_index",
]

SEAL_BYTES = 16
"""The data of a segment begins with this many bytes of seal."""
_LENGTH_BYTES = 8
_DAY = 24 * 3600.0  # seconds
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def disk_error(folder: Path, error: OSError, needed: int) -> DataError:
    """Return the error for `needed` bytes that did not fit, or could not be written at all."""
    free = "an unknown number of"
    with suppress(OSError):
        free = f"{shutil.disk_usage(folder).free:,}"
    if error.errno in _FULL:
        problem, cure = (
            f"{needed:,} bytes are needed, {free} bytes are free",
            "Free some space, or set",
        )
    else:
        problem, cure = f"{needed:,} bytes could not be written", "Set"
    return DataError(
        f"The cache folder {str(folder)!r} takes no more data: {problem} ({error.strerror or error}). "
        f"What was stored before is kept. {cure} the environment variable TORSO_CACHE to a folder "
        "on a disk with room that you may write."
    )


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents; an existing one is enough, even a read-only one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"Cannot make the cache folder {str(folder)!r}: {error.strerror or error}. "
            "Set the environment variable TORSO_CACHE to a folder that you may write."
        ) from error


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a reader, or a crash, sees all of it or nothing."""
    draft = path.with_name(f"{path.name}.{uuid4().hex}.tmp")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    with suppress(OSError):  # some file systems cannot sync a folder
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_index(
    folder: Path, identity: bytes, name: str, records: np.ndarray, data_bytes: int
) -> None:
    """Commit the segment `name`: from here on its `records` are believed.

    Args:
        folder: where the segments of `identity` live.
        identity: at most 32 bytes that say what the records mean; readers with another see nothing.
        name: the segment.
        records: structured array.
        data_bytes: exact length of the `.bin`; 0 where the records need none.
    """
    buffer = io.BytesIO()
    np.save(buffer, records, allow_pickle=False)
    body = buffer.getvalue() + data_bytes.to_bytes(_LENGTH_BYTES, "little")
    replace_file(folder / f"{name}.npy", body + _checksum(identity, name, body))


def read_segments(
    folder: Path, identity: bytes, dtype: npt.DTypeLike, skip: Collection[str] = ()
) -> Iterator[tuple[str, np.ndarray, int]]:
    """Yield `(name, records, data_bytes)` of every whole segment that `skip` does not name."""
    for path in sorted(folder.glob("*.npy")):
        if path.stem in skip:
            continue
        with suppress(OSError, ValueError):  # unreadable, or not an array: not believed
            records, data_bytes = _read_index(path, identity)
            whole = _data_is_whole(path.with_suffix(".bin"), identity, data_bytes)
            if whole and records.dtype == np.dtype(dtype):
                yield path.stem, records, data_bytes


def _read_index(path: Path, identity: bytes) -> tuple[np.ndarray, int]:
    """Return an index's records and the length of its data; raise ValueError if it is damaged."""
    content = path.read_bytes()
    body, checksum = content[:-SEAL_BYTES], content[-SEAL_BYTES:]
    if checksum != _checksum(identity, path.stem, body):
        raise ValueError("a wrong checksum")
    records = np.load(io.BytesIO(body[:-_LENGTH_BYTES]), allow_pickle=False)
    return records, int.from_bytes(body[-_LENGTH_BYTES:], "little")


def forget_items(folder: Path, identity: bytes, name: str, starts: npt.NDArray[np.int64]) -> None:
    """Take the items that begin at `starts` out of the index of segment `name`, as far as the folder may be written.

    Two processes that do so at once may undo each other; what comes back is found to be damaged again.
    """
    path = folder / f"{name}.npy"
    with suppress(OSError, ValueError):  # read-only, full, or gone: later runs find the same damage
        records, data_bytes = _read_index(path, identity)
        left = records[~np.isin(records["start"], starts)]
        if len(left) and _data_is_whole(path.with_suffix(".bin"), identity, data_bytes):
            write_index(folder, identity, name, left, data_bytes)
        else:
            path.unlink(missing_ok=True)
            path.with_suffix(".bin").unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove files of writers that died before they committed."""
    for path in folder.glob("*.bin"):
        with suppress(OSError):  # another process was quicker, or the folder is read-only
            if not path.with_suffix(".npy").exists():
                _remove_abandoned(path)
    for path in folder.glob("*.tmp"):
        with suppress(OSError):
            if _older_than_a_day(path):
                path.unlink()


class SegmentWriter:
    """The data of a segment in the making: append, then commit or discard.

    Args:
        folder: where to write.
        identity: see `write_index`.

    Every method raises OSError where the disk says no; `append` then leaves only whole items behind.
    """

    def __init__(self, folder: Path, identity: bytes) -> None:
        self.folder = folder
        self.process = os.getpid()
        self._identity = identity
        self._handle = -1
        while self._handle < 0:
            self.name = uuid4().hex
            self.path = folder / f"{self.name}.bin"
            self._handle = self._open_locked()
        self.size = 0
        try:
            self.append(_seal(identity, self.name))
        except OSError:
            self.discard()
            raise

    def _open_locked(self) -> int:
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        _lock(handle)
        if os.fstat(handle).st_nlink:
            return handle
        os.close(handle)  # a cleaner came between opening and locking: take another name
        return -1

    def append(self, data: bytes | memoryview) -> None:
        """Write all of `data` at the end, or nothing."""
        rest, end = memoryview(data), self.size
        try:
            while rest:  # always from `size` on: an interrupted append is written over
                written = os.pwrite(self._handle, rest, end)
                rest, end = rest[written:], end + written
        except OSError:
            os.ftruncate(self._handle, self.size)
            raise
        self.size = end

    def commit(self, records: np.ndarray) -> None:
        """Make the data durable, then believed; nothing can be appended afterwards."""
        if self._handle < 0:  # done, and interrupted before the caller heard of it
            return
        os.ftruncate(self._handle, self.size)
        os.fsync(self._handle)
        write_index(self.folder, self._identity, self.name, records, self.size)
        self._close()

    def discard(self) -> None:
        """Remove the data; a forked child leaves its parent's alone."""
        if self.process == os.getpid():
            self.path.unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)  # lets go of the lock, too

    def __del__(self) -> None:
        self._close()


def _seal(identity: bytes, name: str) -> bytes:
    return blake2b(name.encode(), key=identity, digest_size=SEAL_BYTES).digest()


def _checksum(identity: bytes, name: str, body: bytes) -> bytes:
    return blake2b(body, key=_seal(identity, name), digest_size=SEAL_BYTES).digest()


def _data_is_whole(path: Path, identity: bytes, data_bytes: int) -> bool:
    if data_bytes == 0:
        return True
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return size == data_bytes and file.read(SEAL_BYTES) == _seal(identity, path.stem)


def _lock(handle: int) -> None:
    if sys.platform != "win32":  # there, an open file cannot be removed anyway
        with suppress(OSError):  # a file system without locks: leftovers are told by their age
            fcntl.flock(handle, fcntl.LOCK_EX)  # waits only while a cleaner has a look


def _remove_abandoned(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        if _writer_is_gone(handle, path) and not path.with_suffix(".npy").exists():
            path.unlink()
    finally:
        os.close(handle)


def _writer_is_gone(handle: int, path: Path) -> bool:
    if sys.platform == "win32":
        return _older_than_a_day(path)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return _older_than_a_day(path)
    return True


def _older_than_a_day(path: Path) -> bool:
    return time.time() - path.stat().st_mtime > _DAY

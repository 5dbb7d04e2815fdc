"""One training at a time in a folder: the folder itself is locked, so nothing is left behind when a process dies.

The lock is that of `flock`: the system lets go of it with the process that holds it, however that ends. Where a file system
or a system (Windows) knows no such lock, two trainings in one folder are not told apart.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torso.core.errors import RunError

__all__ = ["check_not_locked", "locked"]

_HELD: set[tuple[int, int, int, int]] = set()
"""Process, thread, device and inode of the folders that are locked here: a fit makes its folder before it reads, and trains in it."""


@contextmanager
def locked(folder: Path, work: str = "training") -> Iterator[None]:
    """Hold the lock of an existing folder inside the block; once more in the same thread is no harm.

    Args:
        folder: to lock.
        work: what is done in it, for the message.

    Raises:
        RunError: another training holds it.
    """
    handle = _taken(folder, work)
    if handle is None:
        yield
        return
    _HELD.add(own := _identity(handle))
    try:
        yield
    finally:
        _HELD.discard(own)
        os.close(handle)  # which lets go of the lock


def check_not_locked(folder: Path) -> None:
    """Refuse a folder in which another training is under way.

    Raises:
        RunError: it is.
    """
    handle = _taken(folder)
    if handle is not None:
        os.close(handle)


def _taken(folder: Path, work: str = "training") -> int | None:
    """Return the lock of a folder; None if this thread has it, the folder is absent, or no such lock is known here."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):  # Windows has neither
        return None
    try:
        if _identity(handle) not in _HELD:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
    except BlockingIOError:
        os.close(handle)
        raise RunError(
            f"Another {work} is under way in {str(folder)!r}. Wait until it ends, or choose another folder."
        ) from None
    except OSError:  # a file system without locks
        pass
    os.close(handle)
    return None


def _identity(handle: int) -> tuple[int, int, int, int]:
    about = os.fstat(handle)
    return os.getpid(), threading.get_ident(), about.st_dev, about.st_ino

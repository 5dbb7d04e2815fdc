"""Memory that decoders may hold: a limit for each file, and one for all threads of a process together.

A file of some hundred bytes may claim a hundred megapixels, so what it would take is counted before it is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

from torso.columns.media.files import MediaError

__all__ = ["BUDGET", "FILE_LIMIT", "Budget", "TooMuchHere"]

MB = 1_000_000
FILE_LIMIT = 400 * MB
"""Bytes that decoding of one file may hold beside the file itself."""
ALL_LIMIT = 2 * FILE_LIMIT
"""Bytes that all threads of a process may hold while they decode."""


class TooMuchHere(Exception):
    """A file within the limit needs more than this worker process may take; its parent decodes it."""


class Budget:
    """Bytes of all threads that decode at the same time; a thread waits until its file has room.

    Args:
        total: bytes that all files together may take.
        limit: bytes that a file may take.

    Example:
        >>> with Budget(total=100, limit=60).held(50, "a test"):
        ...     pass
    """

    def __init__(self, total: int, limit: int) -> None:
        self.limit, self._free = limit, total
        self._for_worker: int | None = None
        self._changed = Condition()

    def restrict(self, most: int) -> None:
        """Take at most `most` bytes for a file in this process, whose parent decodes larger ones."""
        self._for_worker = most

    @contextmanager
    def held(self, size: int, what: str) -> Iterator[None]:
        """Hold `size` bytes inside the block.

        Args:
            size: bytes that decoding takes.
            what: the file in words, for the message.

        Raises:
            MediaError: more than a file may take.
            TooMuchHere: more than this process may take.
        """
        if size > self.limit:
            raise MediaError(
                f"{what} takes {-(-size // MB):,} MB of memory to decode, more than the limit of {self.limit // MB}"
            )
        if self._for_worker is not None and size > self._for_worker:
            raise TooMuchHere
        with self._changed:
            self._changed.wait_for(lambda: self._free >= size)
            self._free -= size
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()


BUDGET = Budget(ALL_LIMIT, FILE_LIMIT)

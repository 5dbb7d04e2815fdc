"""A `with` block that commits its writes, also when it fails."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from types import TracebackType
from typing import Self

from torso.core.errors import DataError

__all__ = ["ClosedByBlock"]


class ClosedByBlock(ABC):
    """Base of objects that a `with` block closes."""

    @abstractmethod
    def close(self) -> None:
        """Commit, and let go of everything held open.

        Raises:
            DataError: the disk is full or may not be written.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
            return
        with suppress(DataError):  # the error of the block is the one to tell
            self.close()

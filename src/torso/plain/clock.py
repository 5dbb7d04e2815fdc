"""The time that plain models have: their loops ask now and then, and a fit that would end too late is given up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["Late", "check_time", "in_time"]

_LEFT: ContextVar[Callable[[], float] | None] = ContextVar("left", default=None)


class Late(Exception):
    """There is no time left."""


@contextmanager
def in_time(left: Callable[[], float] | None) -> Iterator[None]:
    """Let `check_time` raise where no seconds are left.

    Args:
        left: returns the seconds that are left; None for any.
    """
    before = _LEFT.set(left)
    try:
        yield
    finally:
        _LEFT.reset(before)


def check_time() -> None:
    """Go on if there is time.

    Raises:
        Late: there is none.
    """
    left = _LEFT.get()
    if left is not None and left() <= 0:
        raise Late

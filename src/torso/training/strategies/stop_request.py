"""Ctrl-C in one of several processes: all have to stop at the same step, or the others wait for it for ever."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

__all__ = ["StopRequest"]

_Handler = Callable[[int, FrameType | None], object]
_INTERRUPTED = 130  # as a shell has it


class StopRequest:
    """Notes the first SIGINT or SIGTERM inside a block; the second ends the process at once."""

    def __init__(self) -> None:
        self._signal: int | None = None
        self._before: dict[int, _Handler] = {}

    @property
    def asked(self) -> bool:
        """True once a signal came."""
        return self._signal is not None

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear signals inside the block; one that nobody followed is passed on at its end."""
        self._before.clear()
        self._signal = None
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                handler = signal.getsignal(number)
                if callable(handler):  # ignored, or ends the process: as it was
                    self._before[number] = handler
                    signal.signal(number, self._note)
        except ValueError:  # not the main thread, whose signals they are
            yield
            return
        try:
            yield
        finally:
            for which, before in self._before.items():
                signal.signal(which, before)
        if self.asked:
            self.follow()

    def follow(self) -> None:
        """Stop here: pass the signal on to whom it was meant for.

        Raises:
            KeyboardInterrupt: always.
        """
        number, self._signal = self._signal, None
        if number is not None:
            self._before[number](number, None)
        raise KeyboardInterrupt

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.asked:
            with suppress(OSError):
                os.write(2, b"Interrupted twice: ended at once.\n")
            os._exit(_INTERRUPTED)
        self._signal = number

"""Signals that end a command: the first lets it save its results, the second ends it at once.

SIGTERM, which systems and containers send before they kill, counts as Ctrl-C: a training keeps its best weights, is
judged, and can go on with `--resume`. The exit status is then 143, as shells expect of SIGTERM, instead of 130.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

__all__ = ["Ending", "ending_signals"]

INTERRUPTED, TERMINATED = 130, 143


class Ending:
    """Signals that were heard so far.

    Attributes:
        status: exit status of the last signal; None without any.
    """

    status: int | None = None

    def heard(self, number: int, _: FrameType | None) -> None:
        """Raise `KeyboardInterrupt` on the first signal; end the process on the second, without any more work."""
        again = self.status is not None
        self.status = TERMINATED if number == signal.SIGTERM else INTERRUPTED
        if again:
            with suppress(OSError):
                os.write(2, b"Interrupted twice: ended at once.\n")
            os._exit(self.status)
        raise KeyboardInterrupt


@contextmanager
def ending_signals() -> Iterator[Ending]:
    """Hear SIGINT and SIGTERM in this process, not in those that it starts, inside the block.

    A signal that was ignored before stays so.
    """
    ending = Ending()
    own = os.getpid()
    known = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            if (
                signal.getsignal(number) != signal.SIG_IGN
            ):  # as a shell has it for what it starts with `&`
                known[number] = signal.signal(number, ending.heard)
    except ValueError:  # not the main thread, whose signals they are
        yield ending
        return

    def as_before() -> None:
        for number, handler in known.items():
            signal.signal(number, handler)

    os.register_at_fork(after_in_child=as_before)
    try:
        yield ending
    finally:
        if os.getpid() == own:
            as_before()

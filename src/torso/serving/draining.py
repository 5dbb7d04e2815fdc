"""Signals of a server: SIGTERM and Ctrl+C drain it, SIGHUP lets it look at its runs at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from uvicorn import Config
from uvicorn import Server as UvicornServer

if TYPE_CHECKING:
    from torso.serving.app import Application

__all__ = ["Draining"]


class Draining(UvicornServer):
    """Answers the requests that were accepted before it ends, with status 0.

    Args:
        config: of uvicorn.
        application: that is told.
    """

    def __init__(self, config: Config, application: Application) -> None:
        super().__init__(config)
        self._application = application

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take no more requests."""
        self._application.stopping = True
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Handle signals while requests are served."""
        with _on_hangup(self._look), super().capture_signals():
            yield
            self._captured_signals.clear()  # else uvicorn would raise them again at the end

    def _look(self) -> None:
        self._application.served.refresh(drop=True)


@contextmanager
def _on_hangup(look: Callable[[], None]) -> Iterator[None]:
    """Look at the runs at SIGHUP, in a thread of its own."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGHUP"):
        yield
        return
    before = signal.signal(
        signal.SIGHUP, lambda *_: threading.Thread(target=look, daemon=True).start()
    )
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)

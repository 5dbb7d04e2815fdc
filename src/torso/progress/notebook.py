"""The progress of a training in a notebook: one output that is drawn again, without widgets."""

from __future__ import annotations

import sys
from html import escape
from time import monotonic
from typing import Protocol, Self

from torso.core.notes import Telling
from torso.progress.wording import epoch_words
from torso.training.listeners import Epoch, Listener

__all__ = ["NotebookBar", "in_notebook"]

_PAUSE = 0.2  # seconds between two drawings
_SHOWN = 5  # epochs


class _Handle(Protocol):
    def update(self, shown: object) -> None: ...


def in_notebook() -> bool:
    """Return whether Python runs in a notebook's kernel; IPython is not imported to know it."""
    ipython = sys.modules.get("IPython")
    return hasattr(ipython and ipython.get_ipython(), "kernel")


class NotebookBar(Listener):
    """Shows decoding and epochs as a bar, and the newest epochs with each task's held-out metrics."""

    def __init__(self) -> None:
        self.label, self.done, self.total = "", 0, 0
        self.epochs = self.batches = 0
        self.lines: list[str] = []
        self.tellings: list[str] = []
        self._handle: _Handle | None = None
        self._drawn = -_PAUSE

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.total = 0
        if self._handle is not None:  # nothing was long enough to be shown
            self._draw(now=True)

    def preparing(self, column: str, done: int, total: int) -> None:
        """Move the bar of a column."""
        self._move(f"reading {column}", done, total)

    def started(self, epochs: int, batches: int) -> None:
        """Note how long the training is at most."""
        self.epochs, self.batches = epochs, batches

    def batch_done(self, epoch: int, batch: int) -> None:
        """Move the bar of the epoch."""
        self._move(f"epoch {epoch} of {self.epochs}", batch, self.batches)

    def epoch_done(self, epoch: Epoch) -> None:
        """Add a line."""
        self.lines.append(epoch_words(epoch) + (" best" if epoch.best else ""))
        self._draw()

    def ended(self, reason: str) -> None:
        """Say why it is over."""
        self.lines.append(f"Training ended: {reason}.")
        self._draw(now=True)

    def noted(self, message: str) -> None:
        """Add a line of a mere telling; the others are warnings."""
        if isinstance(message, Telling):
            self.tellings.append(message)
            self._draw(now=True)

    def html(self) -> str:
        """Return the present state; names are escaped."""
        shown = [*self.lines[-_SHOWN:], *self.tellings]
        lines = "".join(f"<div>{escape(line)}</div>" for line in shown)
        if not self.total:
            return lines
        bar = f'<progress value="{self.done}" max="{self.total}"></progress>'
        return f"<div>{escape(self.label)} {bar} {self.done}/{self.total}</div>{lines}"

    def _move(self, label: str, done: int, total: int) -> None:
        self.label, self.done, self.total = label, done, total
        self._draw()

    def _draw(self, *, now: bool = False) -> None:
        """Draw, but not more often than eyes can follow."""
        if not now and monotonic() - self._drawn < _PAUSE:
            return
        from IPython.display import HTML, display

        self._drawn = monotonic()
        if self._handle is None:
            self._handle = display(HTML(self.html()), display_id=True)
        else:
            self._handle.update(HTML(self.html()))

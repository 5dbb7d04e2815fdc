"""Who hears a training that Python started: the caller's listener, warnings, and a bar where one can be seen."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal

from torso.core.errors import ConfigError
from torso.core.notes import Telling, warn
from torso.progress.notebook import NotebookBar, in_notebook
from torso.training.listeners import Listener, Listeners

__all__ = ["Progress", "watched"]

Progress = bool | Literal["auto"]
"""Show a bar: `"auto"` where standard error is a terminal, and in a notebook."""


class _Warnings(Listener):
    """Turns notes on possible harm into warnings, as Python users expect them."""

    def noted(self, message: str) -> None:
        """Warn, unless it is a mere telling: that is in the run's notes, and below the bar."""
        if not isinstance(message, Telling):
            warn(message)


@contextmanager
def watched(listener: Listener | None, progress: Progress | None = None) -> Iterator[Listener]:
    """Yield the listener to tell: the caller's, one that warns of possible harm, and a bar while the block runs.

    Args:
        listener: of the caller; where it shows notes itself, none becomes a warning.
        progress: True, False, or `"auto"`: in a terminal and in a notebook, unless the listener shows
            notes; None: `"auto"` without a listener.

    Raises:
        ConfigError: `progress` is anything else.
    """
    if progress is None:
        progress = "auto" if listener is None else False
    if progress not in (True, False, "auto"):
        raise ConfigError(f"`progress` should be 'auto', True or False. Found {progress!r}.")
    heard = [] if listener is None else [listener]
    if listener is None or not listener.shows_notes:
        heard.append(_Warnings())
    elif progress == "auto":
        progress = False  # the listener shows the training itself
    with ExitStack() as bars:
        if progress is not False and in_notebook():
            heard.append(bars.enter_context(NotebookBar()))
        elif progress is True or (progress == "auto" and sys.stderr.isatty()):
            from torso.progress.bar import (
                ProgressBar,  # rich takes longer to import than to be silent
            )
            from torso.progress.consoles import console

            heard.append(bars.enter_context(ProgressBar(console(), notes=False)))
        yield Listeners(heard)

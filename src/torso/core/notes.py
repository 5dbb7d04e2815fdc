"""Notes to a Python user: facts that no one asked for, as warnings at the line that called Torso."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

__all__ = ["TorsoWarning", "warn"]

_OWN = str(Path(__file__).parents[1])


class TorsoWarning(UserWarning):
    """A note: a leak, a column that is left out, a choice that was made.

    `warnings.filterwarnings("ignore", category=torso.TorsoWarning)` silences all of them.
    """


def warn(note: str) -> None:
    """Issue a note as a warning; it names the first line outside Torso."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OWN):
        frame, level = frame.f_back, level + 1
    warnings.warn(note, TorsoWarning, stacklevel=level)

"""Notes to a Python user: facts that no one asked for, as warnings at the line that called Torso."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

__all__ = ["Telling", "TorsoWarning", "warn"]

_OWN = str(Path(__file__).parents[1])


class Telling(str):
    """A note on a choice or a deed that harms nothing: shown and kept, but no warning."""

    __slots__ = ()


class TorsoWarning(UserWarning):
    """A note on a possible harm: a leak, a column or a cell that is left out, a guess.

    `warnings.filterwarnings("ignore", category=torso.TorsoWarning)` silences all of them.
    """


def warn(note: str) -> None:
    """Issue a note as a warning; it names the first line outside Torso."""
    frame, level = sys._getframe(), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OWN):
        frame, level = frame.f_back, level + 1
    warnings.warn(note, TorsoWarning, stacklevel=level)

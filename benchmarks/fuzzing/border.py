"""A border: where bytes of strangers come into Torso, and the errors that may come back."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from torso.columns.media.files import MediaError
from torso.core.errors import TorsoError

__all__ = ["ALLOWED", "Border", "Change"]

Change = Callable[[random.Random, Sequence[bytes]], bytes]
"""Makes a case of whole inputs."""

ALLOWED: tuple[type[BaseException], ...] = (TorsoError, MediaError)
"""Errors that Torso raises on purpose."""


@dataclass(frozen=True)
class Border:
    """One way into Torso.

    Attributes:
        call: reads a case; every error but the allowed ones is a failure.
        corpus: whole inputs, which are changed.
        change: makes a case of them.
        share: of the time, beside the other borders.
        allowed: errors that are answers.
        guided: atheris may drive it too: no threads, no files but its own.
    """

    call: Callable[[bytes], object]
    corpus: Sequence[bytes]
    change: Change
    share: float = 1.0
    allowed: tuple[type[BaseException], ...] = field(default=ALLOWED)
    guided: bool = True

    def case(self, name: str, seed: int, number: int) -> bytes:
        """Return a case; the same name, seed and number give the same one, whatever came before."""
        return self.change(random.Random(f"{name} {seed} {number}"), self.corpus)

    def warm(self) -> None:
        """Call with whole inputs, so that forked children have all that is made once."""
        for case in self.corpus:
            self.try_case(case)

    def try_case(self, case: bytes) -> bool:
        """Call with a case; return whether it was read, False if it was refused as it may be."""
        try:
            self.call(case)
        except self.allowed:
            return False
        return True

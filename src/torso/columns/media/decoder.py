"""Decoders: from the bytes of one kind of file to features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from torso.columns.media.files import MediaError

__all__ = ["Decode", "Described", "FileDecoder"]


class Described(NamedTuple):
    """A file that was opened once for its features and for the facts about all of it.

    Attributes:
        features: `[length, *tail]`, or the reason why there are none.
        facts: float32 `[1, facts]`; None where they cannot be read.
    """

    features: np.ndarray | MediaError
    facts: np.ndarray | None


Decode = Callable[[bytes], np.ndarray | Described]


@dataclass(frozen=True)
class FileDecoder:
    """Turns a file's bytes into features.

    Attributes:
        settings: everything that shapes the features, as JSON values; the cache's key.
        decode: bytes -> `[length, *tail]`; raises `MediaError`. If it can be pickled (no lambda), many small
            files are decoded by several processes.
        dtype: of the features.
        tail: shape of one step.
        fixed: the length that every file has; None if lengths differ.
        describe: bytes -> features and facts of one opening; None where facts have to be read by themselves.
        facts: their number.
    """

    settings: Mapping[str, object]
    decode: Callable[[bytes], np.ndarray]
    dtype: np.dtype
    tail: tuple[int, ...]
    fixed: int | None = None
    describe: Callable[[bytes], Described] | None = None
    facts: int = 0

"""Decoders: from the bytes of one kind of file to features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

__all__ = ["FileDecoder"]


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
    """

    settings: Mapping[str, object]
    decode: Callable[[bytes], np.ndarray]
    dtype: np.dtype
    tail: tuple[int, ...]
    fixed: int | None = None

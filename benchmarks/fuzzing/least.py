"""A failing case without the bytes that do not matter."""

from __future__ import annotations

import time

from .border import Border
from .children import tried_alone

__all__ = ["least_case"]

_SECONDS = 10.0


def least_case(border: Border, case: bytes, sign: str) -> bytes:
    """Return the case, pieces cut out as long as it fails in the same way, for ten seconds at most."""
    until = time.monotonic() + _SECONDS
    if len(case) > 1 << 20 or tried_alone(border, case) != sign:
        return case
    size = max(1, len(case) // 2)
    while time.monotonic() < until:
        at, cut = 0, False
        while at < len(case) and time.monotonic() < until:
            shorter = case[:at] + case[at + size :]
            if tried_alone(border, shorter) == sign:
                case, cut = shorter, True
            else:
                at += size
        if size == 1 and not cut:
            break
        size = max(1, size // 2)
    return case

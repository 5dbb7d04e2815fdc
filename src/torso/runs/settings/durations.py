"""Durations as people write them: `90s`, `10m`, `2h`, `1h30m`, or plain seconds."""

from __future__ import annotations

import math
import re

from torso.core.errors import ConfigError

__all__ = ["duration_text", "seconds_of", "seconds_of_budget"]

_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_WRITTEN = re.compile(r"(?:(?P<h>[\d.]+)h)?(?:(?P<m>[\d.]+)m)?(?:(?P<s>[\d.]+)s?)?")


def seconds_of(duration: object) -> float:
    """Return a duration in seconds.

    >>> seconds_of("10m"), seconds_of("1h30m"), seconds_of(90)
    (600.0, 5400.0, 90.0)

    Raises:
        ValueError: it is none, or not above 0.
    """
    text = "" if isinstance(duration, bool) else str(duration).strip().lower().replace(" ", "")
    written = _WRITTEN.fullmatch(text)
    try:
        parts = (
            {} if written is None else {k: float(v) for k, v in written.groupdict().items() if v}
        )
    except ValueError:  # more than one decimal point
        parts = {}
    seconds = sum(_SECONDS[unit] * number for unit, number in parts.items())
    if not 0 < seconds < math.inf:
        raise ValueError("should be a duration such as 90s, 10m or 2h, or seconds above 0")
    return seconds


def seconds_of_budget(budget: str | float | None) -> float | None:
    """Return the seconds of a study's budget; None for no limit.

    Raises:
        ConfigError: it is no duration, or not above 0.
    """
    try:
        return None if budget is None else seconds_of(budget)
    except ValueError as error:
        raise ConfigError(f"`budget` {error}. Found {budget!r}.") from None


def duration_text(seconds: float) -> str:
    """Return seconds in the largest unit that suits them.

    >>> duration_text(4.2), duration_text(200), duration_text(5400)
    ('4 s', '3 min', '1.5 h')
    """
    if seconds < 99:
        return f"{seconds:.1f} s" if seconds < 2 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

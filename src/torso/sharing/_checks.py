"""Checks of constructor settings, with one wording of errors for all sharings."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

__all__ = ["check_choice", "check_int", "check_number", "check_widths"]


def check_int(name: str, value: int, least: int = 1) -> int:
    """Return `value`, a whole number from `least` on.

    >>> check_int("experts", 4)
    4
    """
    # A bool is an int to Python, and `layers: true` is a mistake.
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(
            f"Parameter `{name}` should be a whole number from {least} on. Found {value!r}."
        )
    return value


def check_number(name: str, value: float, *, zero: bool = True) -> float:
    """Return `value` as a float, finite and from 0 on; above 0 if `zero` is False."""
    real = isinstance(value, int | float) and not isinstance(value, bool)
    if not real or not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        raise ValueError(
            f"Parameter `{name}` should be a number {'from 0 on' if zero else 'above 0'}. Found {value!r}."
        )
    return float(value)


def check_widths(name: str, values: Sequence[int], least: int = 0) -> list[int]:
    """Return `values`, a list of at least `least` positive widths."""
    listed = isinstance(values, Sequence) and not isinstance(values, str)
    good = listed and all(isinstance(v, int) and not isinstance(v, bool) and v > 0 for v in values)
    if not good or len(values) < least:
        minimum = f"at least {least} " if least else ""
        raise ValueError(
            f"Parameter `{name}` should be a list of {minimum}positive widths. Found {values!r}."
        )
    return list(values)


def check_choice(name: str, value: str, known: Collection[str]) -> str:
    """Return `value`, one of `known`."""
    if value not in known:
        raise ValueError(f"Parameter `{name}` should be one of {sorted(known)}. Found {value!r}.")
    return value

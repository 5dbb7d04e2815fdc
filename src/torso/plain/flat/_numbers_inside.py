"""Numbers inside a text.

>>> measure_numbers("12 years, 43.5%, 1,200 bottles")
(12.0, 1200.0, 1200.0, 3.0)
"""

from __future__ import annotations

import re

__all__ = ["NUMBERS", "measure_numbers"]

NUMBERS = ("First number", "Last number", "Largest number", "Numbers")
"""Names of the measures, in the order of their columns."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_READ = 2000  # characters of which more than the first number is read
_NONE = float("nan")


def measure_numbers(text: str) -> tuple[float, float, float, float]:
    """Return the first, last and largest number inside a text, NaN where there is none, and how many there are."""
    first = _NUMBER.search(text)
    if first is None:
        return _NONE, _NONE, _NONE, 0.0
    values = [_value(spelt) for spelt in _NUMBER.findall(text[:_READ])] or [_value(first[0])]
    return _value(first[0]), values[-1], max(values), float(len(values))


def _value(spelt: str) -> float:
    """Return the value of digits; a comma before three digits groups them."""
    digits = re.sub(r",(?=\d{3}(?:\D|$))", "", spelt).replace(",", ".")
    whole, _, rest = digits.partition(".")
    return float(f"{whole[:15]}.{rest.split('.')[0]}")

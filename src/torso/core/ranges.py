"""Notes in a signature beside a setting's type: sensible values, and who decides it.

`def __init__(self, dim: int, *, hidden: Annotated[int, Range(16, 512, log=True)] = 64)`: the listing shows the
range and a tuner draws from it. The constructor still says what it refuses; its docstring says the meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Limits", "Range", "SetBy"]


@dataclass(frozen=True, slots=True)
class Range:
    """From the least to the greatest sensible value of a number.

    Attributes:
        low: least.
        high: greatest.
        log: whether equal ratios, not equal differences, matter alike.
    """

    low: float
    high: float
    log: bool = False

    def __str__(self) -> str:
        """Return the range in words.

        >>> str(Range(16, 512, log=True))
        '16 to 512 (log scale)'
        """
        return f"{self.low:g} to {self.high:g}{' (log scale)' if self.log else ''}"


@dataclass(frozen=True, slots=True)
class Limits:
    """From the least to the greatest number that a setting takes, both included.

    Attributes:
        low: least.
        high: greatest.
    """

    low: float
    high: float

    def broken_by(self, number: float) -> str | None:
        """Return the limit that a number breaks, in words; None if it lies within both.

        >>> limits = Limits(1, 8192)
        >>> limits.broken_by(0), limits.broken_by(1e20), limits.broken_by(float("nan"))
        ('at least 1', 'at most 8192', 'from 1 to 8192')
        """
        if self.low <= number <= self.high:
            return None
        if number < self.low:
            return f"at least {_plain(self.low)}"
        if number > self.high:
            return f"at most {_plain(self.high)}"
        return f"from {_plain(self.low)} to {_plain(self.high)}"


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) and abs(number) < 1e12 else f"{number:g}"


class SetBy(Enum):
    """Who decides an argument of a part.

    By default, users set what is keyword-only, and the data or the model set the rest (`dim`, `classes`). An
    argument that differs says so: `size: Annotated[int, SetBy.DATA] = 64`.
    """

    USER = "user"
    DATA = "data"

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

    def __str__(self) -> str:
        """Return the limits in words.

        >>> str(Limits(0, 8192)), str(Limits(-1e12, 1e12))
        ('from 0 to 8192', 'from -1e+12 to 1e+12')
        """
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

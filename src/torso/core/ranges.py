"""Where the values of a setting are sensible, written into the signature that takes it.

`def __init__(self, dim: int, *, hidden: Annotated[int, Range(16, 512, log=True)] = 64)`: the listing shows the
range and a tuner draws from it. The constructor still says what it refuses; its docstring says the meaning.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Range"]


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

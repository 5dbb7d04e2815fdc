"""Recurrence of the values of a column, in figures that mean the same in 60 rows as in 10,000.

The number of distinct values, and the share of rows whose value five rows have, grow with the table. How many values
there are to be seen at all, and how likely the next row shows one of them, belong to the source of the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Recurrence"]

_HANDFUL = 30  # so few are categories, also if most of them are rare
_MOST_RARE = (
    0.7  # share of values that stand in one row; above it set phrases stand among free text
)
_COVERED, _LEAST_COVERED = 0.95, 0.4  # shares of new rows
_UNIQUE = 0.05
_SCORE = 20  # values


@dataclass(frozen=True)
class Recurrence:
    """Counts of equal cells.

    >>> few = Recurrence.of({"red": 7, "blue": 6, "green": 1})
    >>> few.richness, round(few.coverage, 2), few.are_few(most=20)
    (3.0, 0.93, True)

    Attributes:
        cells: cells with a value.
        distinct: values.
        singles: values that one cell has.
        doubles: values that two cells have.
    """

    cells: int
    distinct: int
    singles: int
    doubles: int

    @classmethod
    def of(cls, counts: Mapping[object, int]) -> Recurrence:
        """Return the recurrence of values that occur `counts` times."""
        times = Counter(counts.values())
        return cls(sum(counts.values()), len(counts), times[1], times[2])

    @property
    def coverage(self) -> float:
        """Share of further rows whose value is among those seen, after Good and Turing."""
        return 1 - self.singles / max(1, self.cells)

    @property
    def richness(self) -> float:
        """Number of values that there are at least, those not yet seen included, after Chao."""
        return self.distinct + self.singles * (self.singles - 1) / (2 * (self.doubles + 1))

    def are_few(self, most: int) -> bool:
        """Return whether rows draw from at most `most` values, a number that more rows would hardly raise."""
        if self.richness > _HANDFUL and self.singles > _MOST_RARE * self.distinct:
            return False
        if self.distinct <= most and self.coverage >= _COVERED:
            return True
        return self.richness <= most and self.coverage >= _LEAST_COVERED

    @property
    def are_classes(self) -> bool:
        """True if the values can be classes of a target: a score of them, or most further rows show one."""
        return self.distinct <= _SCORE or self.coverage >= 0.5

    @property
    def is_unique(self) -> bool:
        """True if hardly any value recurs."""
        return self.coverage <= _UNIQUE

"""The seconds that a batch takes, learnt from the batches before: so much for any, and so much for each row."""

from __future__ import annotations

__all__ = ["Pace"]

_KEPT = 0.98  # weight of what was known, at each batch
_FIRST = (0.01, 0.001)  # seconds of a batch and of a row, until one is measured


class Pace:
    """Least squares of seconds over rows, in which old batches fade.

    >>> pace = Pace()
    >>> for rows in (1, 8, 2, 16) * 50:
    ...     pace.measured(rows, 0.02 + 0.001 * rows)
    >>> round(pace.seconds(10), 3)
    0.03
    """

    def __init__(self) -> None:
        # A weak belief to begin with: batches of 1 and of 32 rows.
        self._sums = [0.0] * 5
        for rows in (1, 32):
            self._add(rows, _FIRST[0] + _FIRST[1] * rows, 0.1)

    def measured(self, rows: int, seconds: float) -> None:
        """Learn from a batch."""
        self._sums = [each * _KEPT for each in self._sums]
        self._add(rows, seconds, 1.0)

    def _add(self, rows: int, seconds: float, weight: float) -> None:
        terms = (1.0, rows, rows * rows, seconds, rows * seconds)
        self._sums = [each + weight * term for each, term in zip(self._sums, terms, strict=True)]

    def seconds(self, rows: int) -> float:
        """Return the seconds that a batch of so many rows takes."""
        count, total, squares, time, product = self._sums
        spread = squares - total * total / count
        slope = max(0.0, (product - total * time / count) / spread) if spread > 1e-9 else 0.0
        base = (time - slope * total) / count
        if base < 0:  # rows alone
            base, slope = 0.0, product / squares
        return base + slope * rows

    def waiting(self, rows: int, batch: int, threads: int) -> float:
        """Return the seconds until so many rows are answered, in batches of at most `batch`."""
        whole, rest = divmod(rows, batch)
        return (whole * self.seconds(batch) + (self.seconds(rest) if rest else 0.0)) / threads

"""A metric with its interval, and undefined numbers on their way to JSON and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Estimate", "number_in", "number_out"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric on the evaluated rows and its 95 % interval; NaN where undefined."""

    value: float
    low: float = math.nan
    high: float = math.nan

    def to_dict(self) -> dict[str, float | None]:
        """Return a mapping for JSON."""
        return {
            "value": number_out(self.value),
            "low": number_out(self.low),
            "high": number_out(self.high),
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, float | None]) -> Estimate:
        """Return the estimate that `to_dict` wrote."""
        return cls(number_in(saved["value"]), number_in(saved["low"]), number_in(saved["high"]))


def number_out(value: float) -> float | None:
    """Return a number as JSON holds it; None where undefined."""
    return value if math.isfinite(value) else None


def number_in(value: float | None) -> float:
    """Return the number that `number_out` wrote."""
    return math.nan if value is None else value

"""Axes: a range that holds the values, round ticks, and where a value lies in percent."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from torso.reports.html import Html, element

__all__ = ["Axis", "axis_over", "tick_labels", "tick_text"]

_TICKS = 4


@dataclass(frozen=True)
class Axis:
    """A range of numbers along one side of a chart.

    >>> Axis(0.0, 2.0, (0.0, 1.0, 2.0)).at(0.5)
    25.0

    Attributes:
        low: its beginning.
        high: its end.
        ticks: numbers that get a label.
    """

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Return where a value lies, from 0 to 100; values beyond lie at the end."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 2)

    def holds(self, value: float) -> bool:
        """Return whether the value lies on the axis."""
        return self.low <= value <= self.high


def axis_over(values: Iterable[float], *, snug: bool = False) -> Axis:
    """Return an axis over the values with round ticks; far values of many are left beyond its end.

    >>> axis_over([0.12, 0.48]).ticks
    (0.1, 0.2, 0.3, 0.4, 0.5)

    Args:
        values: numbers that it should hold; undefined ones do not count.
        snug: end near the outermost values; else at a tick.
    """
    known = np.array([value for value in values if math.isfinite(value)])
    if not known.size:
        return Axis(0.0, 1.0, (0.0, 0.5, 1.0))
    low, high = _near(known)
    if high - low < 1e-9 * max(1.0, abs(high)):
        room = 0.5 * max(abs(low), 1e-6) if low else 0.1
        low, high = low - room, high + room
    step = _round_step((high - low) / _TICKS)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = [round(number * step, 12) for number in range(first, last + 1)]
    if snug:
        room = 0.03 * (high - low)
        low, high = low - room, high + room
        return Axis(low, high, tuple(tick for tick in ticks if low <= tick <= high))
    return Axis(ticks[0], ticks[-1], tuple(ticks))


def _near(known: np.ndarray) -> tuple[float, float]:
    """Return the ends of the values, without those that would press all others together."""
    low, high = float(known.min()), float(known.max())
    if known.size >= 8:
        first, last = np.quantile(known, (0.1, 0.9))
        reach = 3 * max(float(last - first), 1e-9)
        low, high = max(low, float(first) - reach), min(high, float(last) + reach)
    return low, high


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return power * next(nice for nice in (1, 2, 2.5, 5, 10) if step <= nice * power * (1 + 1e-9))


def tick_text(value: float, ticks: Iterable[float]) -> str:
    """Return a tick's number with as many decimals as all ticks need, and a true minus.

    >>> tick_text(-0.5, (-0.5, -0.25)), tick_text(2000, (0, 2000))
    ('−0.50', '2,000')
    """
    decimals = max((_decimals(tick) for tick in ticks), default=0)
    size = max((abs(tick) for tick in ticks), default=0.0)
    if value == 0:
        return "0"
    tiny = bool(size) and (size >= 1e6 or decimals > 4)
    return (_short(value) if tiny else f"{value:,.{decimals}f}").replace("-", "−")


def _short(value: float) -> str:
    """Return a number by its power of ten: `7.5e-4`."""
    digits, power = f"{value:.2e}".split("e")
    return f"{digits.rstrip('0').rstrip('.')}e{int(power)}"


def _decimals(value: float) -> int:
    return next((count for count in range(6) if abs(value - round(value, count)) < 1e-9), 6)


def tick_labels(axis: Axis) -> Html:
    """Return the labels below a chart."""
    return element(
        "div",
        [
            element("span", tick_text(tick, axis.ticks), style=f"left:{axis.at(tick)}%")
            for tick in axis.ticks
        ],
        class_="ticks",
        aria_hidden="true",
    )

"""A row of an interval plot: a point with its interval, perhaps beside a reference, on a shared axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torso.reports.charts.axis import Axis
from torso.reports.html import Html, element

__all__ = ["Mark", "interval_cell"]


@dataclass(frozen=True)
class Mark:
    """A value with its interval.

    Attributes:
        value: the point.
        low: end of the interval; NaN without.
        high: other end.
        tip: told when it is pointed at.
        colour: number of the series, from 1.
        bar: draw a bar from 0 to the value instead of a point.
    """

    value: float
    low: float
    high: float
    tip: str
    colour: int = 1
    bar: bool = False


def interval_cell(
    axis: Axis, mark: Mark, reference: float | None = None, dots: Sequence[float] = ()
) -> Html:
    """Return the drawing of one row: grid, reference, interval, point; as wide as its cell.

    Args:
        axis: shared by all rows.
        mark: the value.
        reference: drawn as a hollow diamond, such as the baseline's value.
        dots: further values, drawn small.
    """
    shapes: list[Html] = [
        element(
            "line", x1=f"{axis.at(tick)}%", x2=f"{axis.at(tick)}%", y1="0", y2="100%", class_="grid"
        )
        for tick in axis.ticks
    ]
    if axis.low < 0 < axis.high:
        zero = f"{axis.at(0)}%"
        shapes.append(element("line", x1=zero, x2=zero, y1="0", y2="100%", class_="zero"))
    shapes += [
        element("circle", cx=f"{axis.at(dot)}%", cy="50%", r="3.5", class_="further")
        for dot in dots
        if math.isfinite(dot)
    ]
    shapes += _shapes(axis, mark)
    if reference is not None and math.isfinite(reference):
        shapes.append(
            element(
                "svg",
                element("path", d="M0 -5L5 0L0 5L-5 0Z", class_="reference"),
                x=f"{axis.at(reference)}%",
                y="50%",
                overflow="visible",
            )
        )
    shapes.append(element("rect", width="100%", height="100%", class_="hit", data_tip=mark.tip))
    return element("svg", shapes, class_=f"interval c{mark.colour}", aria_hidden="true")


def _shapes(axis: Axis, mark: Mark) -> Sequence[Html]:
    """Return bar, whisker and point; arrows where they go on beyond the axis."""
    if not math.isfinite(mark.value):
        return ()
    at = axis.at(mark.value)
    shapes = []
    if mark.bar:
        zero = axis.at(0.0)
        left, wide = min(zero, at), abs(at - zero)
        shapes.append(
            element("rect", x=f"{left}%", y="22%", width=f"{wide}%", height="56%", class_="bar")
        )
    if math.isfinite(mark.low) and math.isfinite(mark.high):
        left, right = axis.at(mark.low), axis.at(mark.high)
        shapes.append(
            element("line", x1=f"{left}%", x2=f"{right}%", y1="50%", y2="50%", class_="whisker")
        )
        shapes += [
            element("line", x1=f"{end}%", x2=f"{end}%", y1="32%", y2="68%", class_="whisker")
            for end, value in ((left, mark.low), (right, mark.high))
            if axis.holds(value)
        ]
    if not mark.bar:
        shapes.append(element("circle", cx=f"{at}%", cy="50%", r="5", class_="point"))
    return shapes

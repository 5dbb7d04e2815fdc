"""Points over two axes, such as answers over truths, or the trials of a search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torso.reports.charts.axis import Axis, axis_over
from torso.reports.charts.lines import frame
from torso.reports.html import Html, element

__all__ = ["Point", "point_panel"]


@dataclass(frozen=True)
class Point:
    """A point of a chart.

    Attributes:
        x: across.
        y: up.
        tip: told when it is pointed at.
        colour: number of its colour, from 1.
        low: end of an interval of y; NaN without.
        high: other end.
        size: radius in pixels.
        joined: a line goes through it and others that are joined, such as a Pareto front.
    """

    x: float
    y: float
    tip: str
    colour: int = 1
    low: float = math.nan
    high: float = math.nan
    size: float = 4.0
    joined: bool = False


def point_panel(
    title: str,
    points: Sequence[Point],
    names: tuple[str, str],
    described: str,
    *,
    diagonal: bool = False,
    unit: bool = False,
) -> Html:
    """Return a panel with points.

    Args:
        title: above it.
        points: in any order.
        names: of the axis across and the axis up.
        described: the chart in a sentence, for those who do not see it.
        diagonal: draw where y equals x, on axes alike.
        unit: both axes go from 0 to 1.
    """
    if unit:
        across = up = Axis(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0))
    elif diagonal:
        across = up = axis_over([number for point in points for number in (point.x, point.y)])
    else:
        across = axis_over([point.x for point in points], snug=True)
        up = axis_over([point.y for point in points], snug=True)
    grid = [
        element("line", x1=0, x2=100, y1=(y := 100 - up.at(tick)), y2=y, class_="grid")
        for tick in up.ticks
    ]
    grid += [
        element("line", x1=(x := across.at(tick)), x2=x, y1=0, y2=100, class_="grid")
        for tick in across.ticks
    ]
    if diagonal:
        grid.append(element("line", x1=0, x2=100, y1=100, y2=0, class_="marked"))
    joined = sorted((point.x, point.y) for point in points if point.joined)
    if len(joined) > 1:
        steps = [f"{across.at(x):g} {100 - up.at(y):g}" for x, y in joined]
        grid.append(element("path", d=f"M{'L'.join(steps)}", class_="line c1 front"))
    ordered = sorted(points, key=lambda point: point.x)  # arrow keys go from left to right
    shapes = [shape for point in ordered for shape in _shapes(point, across, up)]
    return frame(
        title, grid, element("svg", shapes, class_="marks"), (across, up), names, described
    )


def _shapes(point: Point, across: Axis, up: Axis) -> list[Html]:
    if not (math.isfinite(point.x) and math.isfinite(point.y)):
        return []
    x, y = f"{across.at(point.x):g}%", f"{100 - up.at(point.y):g}%"
    shapes = []
    if math.isfinite(point.low) and math.isfinite(point.high):
        ends = {"y1": f"{100 - up.at(point.low):g}%", "y2": f"{100 - up.at(point.high):g}%"}
        shapes.append(element("line", x1=x, x2=x, **ends, class_=f"whisker c{point.colour}"))
    shapes.append(
        element(
            "circle",
            cx=x,
            cy=y,
            r=f"{point.size:g}",
            class_=f"spot c{point.colour}",
            data_tip=point.tip,
        )
    )
    return shapes

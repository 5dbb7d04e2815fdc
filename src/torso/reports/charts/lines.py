"""Lines over a shared axis, such as losses over epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torso.evaluation.wording import number_text
from torso.reports.charts.axis import Axis, axis_over, tick_labels, tick_text
from torso.reports.html import Content, Html, element

__all__ = ["Series", "frame", "line_panel"]

_MOST_BANDS = 120
"""Strips that tell values; of more points, every second or third has one."""


@dataclass(frozen=True)
class Series:
    """A line.

    Attributes:
        name: for the legend.
        points: x and y; a NaN breaks the line.
        colour: number of its colour, from 1.
        dashed: drawn with gaps.
        dots: draw each point too.
    """

    name: str
    points: Sequence[tuple[float, float]]
    colour: int = 1
    dashed: bool = False
    dots: bool = False


def line_panel(
    title: str,
    series: Sequence[Series],
    *,
    x_name: str,
    described: str,
    marked: Sequence[float] = (),
) -> Html:
    """Return a panel with lines.

    Args:
        title: above it.
        series: its lines.
        x_name: of the horizontal axis.
        described: the chart in a sentence, for those who do not see it.
        marked: x of vertical lines, such as the epoch that was kept.
    """
    across = _across([x for line in series for x, _ in line.points])
    up = axis_over(y for line in series for _, y in line.points)
    stretched = [*_grid(across, up, marked), *(_line(line, across, up) for line in series)]
    dots = element(
        "svg", [_dots(line, across, up) for line in series if _dotted(line)], class_="dots"
    )
    bands = element("svg", _bands(series, across, x_name), class_="hits")
    return frame(title, stretched, [dots, bands], (across, up), (x_name, ""), described)


def frame(
    title: str,
    stretched: Content,
    marks: Content,
    axes: tuple[Axis, Axis],
    names: tuple[str, str],
    described: str,
) -> Html:
    """Return a panel: the drawing between its labels.

    Args:
        title: above it.
        stretched: lines in percent of the drawing, which follow its shape.
        marks: drawings over it that keep their shape.
        axes: across and up.
        names: of the axes; an empty one is not written.
        described: the chart in a sentence, for those who do not see it.
    """
    across, up = axes
    left = [
        element("span", tick_text(tick, up.ticks), style=f"bottom:{up.at(tick)}%")
        for tick in up.ticks
    ]
    area = element(
        "div",
        element("svg", stretched, viewBox="0 0 100 100", preserveAspectRatio="none"),
        marks,
        class_="area",
    )
    return element(
        "div",
        element("h4", title),
        element("div", names[1], class_="y-name", aria_hidden="true") if names[1] else None,
        element(
            "div",
            element("div", left, class_="left", aria_hidden="true"),
            area,
            tick_labels(across),
            element("div", names[0], class_="x-name", aria_hidden="true"),
            class_="lines",
            role="img",
            tabindex="0",
            aria_label=described,
        ),
        class_="panel",
    )


def _across(values: Sequence[float]) -> Axis:
    """Return an axis that ends at the first and last value; whole numbers have whole ticks."""
    axis = axis_over(values)
    if not values or min(values) == max(values):
        return axis
    low, high = min(values), max(values)
    whole = all(value == int(value) for value in values)
    ticks = [tick for tick in axis.ticks if low < tick < high and (not whole or tick == int(tick))]
    gap = 0.14 * (high - low)
    ticks = [tick for tick in ticks if tick - low > gap and high - tick > gap]
    return Axis(low, high, (low, *ticks, high))


def _grid(across: Axis, up: Axis, marked: Sequence[float]) -> list[Html]:
    shapes = [
        element("line", x1=0, x2=100, y1=(y := 100 - up.at(tick)), y2=y, class_="grid")
        for tick in up.ticks
    ]
    if up.low < 0 < up.high:
        shapes.append(element("line", x1=0, x2=100, y1=(y := 100 - up.at(0)), y2=y, class_="zero"))
    return shapes + [
        element("line", x1=(x := across.at(at)), x2=x, y1=0, y2=100, class_="marked")
        for at in marked
    ]


def _line(line: Series, across: Axis, up: Axis) -> Html:
    steps, pen_up = [], True
    for x, y in line.points:
        if not math.isfinite(y):
            pen_up = True
            continue
        steps.append(f"{'M' if pen_up else 'L'}{across.at(x):g} {100 - up.at(y):g}")
        pen_up = False
    classes = f"line c{line.colour}{' dashed' if line.dashed else ''}"
    return element("path", d="".join(steps), class_=classes)


def _dotted(line: Series) -> bool:
    return line.dots or len(line.points) == 1


def _dots(line: Series, across: Axis, up: Axis) -> list[Html]:
    return [
        element(
            "circle",
            cx=f"{across.at(x)}%",
            cy=f"{100 - up.at(y):g}%",
            r=4,
            class_=f"dot c{line.colour}",
        )
        for x, y in line.points
        if math.isfinite(y)
    ]


def _bands(series: Sequence[Series], across: Axis, x_name: str) -> list[Html]:
    """Return a strip per x that tells the values of all lines there."""
    values: dict[float, list[str]] = {}
    for line in series:
        for x, y in line.points:
            values.setdefault(x, []).append(f"{line.name}: {number_text(y)}")
    places = sorted(values)
    places = places[:: max(1, math.ceil(len(places) / _MOST_BANDS))]
    wide = 100 / max(1, len(places) - 1)
    return [
        element(
            "rect",
            x=f"{across.at(x) - wide / 2:.2f}%",
            width=f"{wide:.2f}%",
            height="100%",
            class_="hit",
            data_tip="\n".join([f"{x_name} {x:g}", *values[x]]),
        )
        for x in places
    ]

"""A small kit of charts: SVG in percent of its box, so that it fits any width, with text as HTML.

Text never shrinks with a drawing: labels are HTML beside it. Colours are CSS variables, so a theme changes them.
A mark with `data-tip` tells its value to a pointer, to arrow keys and to a screen reader.
"""

from __future__ import annotations

from torso.reports.charts.axis import Axis, axis_over, tick_labels
from torso.reports.charts.intervals import Mark, interval_cell
from torso.reports.charts.lines import Series, line_panel
from torso.reports.charts.matrix import Shade, heat_table
from torso.reports.charts.points import Point, point_panel

__all__ = [
    "Axis",
    "Mark",
    "Point",
    "Series",
    "Shade",
    "axis_over",
    "heat_table",
    "interval_cell",
    "line_panel",
    "point_panel",
    "tick_labels",
]

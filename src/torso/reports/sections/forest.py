"""Interval plots: a line per thing, all on one axis, with its number and its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torso.evaluation.wording import number_text
from torso.reports.charts import Axis, Mark, axis_over, interval_cell, tick_labels
from torso.reports.html import Content, Html, element
from torso.reports.sections.section import signed

__all__ = ["SHARES", "Line", "forest", "short_amount"]


@dataclass(frozen=True)
class Line:
    """A line of an interval plot.

    Attributes:
        name: of the thing; empty where the line above has it.
        mark: its point and interval.
        amount: its number as text.
        chip: its verdict.
        under: second line below the name.
        reference: drawn as a hollow diamond.
        dots: further values, drawn small, such as those of other seeds.
        task: hidden where the reader picks another one.
        overall: stands for all lines above it.
    """

    name: Content
    mark: Mark
    amount: str
    chip: Html | None = None
    under: Content = None
    reference: float | None = None
    dots: tuple[float, ...] = ()
    task: str | None = None
    overall: bool = False

    def numbers(self) -> tuple[float, ...]:
        """Return all numbers that it draws."""
        reference = () if self.reference is None else (self.reference,)
        return self.mark.value, self.mark.low, self.mark.high, *reference, *self.dots


SHARES = Axis(0.0, 1.0, (0.0, 0.25, 0.5, 0.75, 1.0))


def forest(
    lines: Sequence[Line], *, zero: bool = True, axis: Axis | None = None, after: Content = None
) -> Html:
    """Return an interval plot.

    Args:
        lines: in their order.
        zero: the axis holds 0, as that of differences should.
        axis: is given where its ends are known.
        after: stands below the axis.
    """
    numbers = [number for line in lines for number in line.numbers()]
    axis = axis or axis_over([0.0, *numbers] if zero else numbers, snug=True)
    ticks = element("div", element("div"), tick_labels(axis), element("div"), class_="row axis")
    return element("div", [_row(axis, line) for line in lines], ticks, after, class_="forest")


def _row(axis: Axis, line: Line) -> Html:
    label = element(
        "div",
        element("span", line.name, class_="name") if line.name else None,
        element("span", line.under, class_="under") if line.under else None,
        class_="label",
    )
    amount = element("div", element("span", line.amount), line.chip, class_="amount")
    classes = ["row", *(["overall"] if line.overall else []), *([] if line.name else ["more"])]
    cell = interval_cell(axis, line.mark, line.reference, line.dots)
    return element("div", label, cell, amount, class_=" ".join(classes), data_task=line.task)


def short_amount(value: float) -> str:
    """Return a difference in three digits, whatever its size.

    >>> short_amount(0.0123), short_amount(-1234.5), short_amount(0.0)
    ('+0.012', '−1,234', '0.000')
    """
    if not abs(value) >= 1:
        return signed(value)
    return ("+" if value > 0 else "−") + number_text(abs(value))

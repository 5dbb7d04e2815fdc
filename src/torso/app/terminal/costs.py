"""Costs of parts, as cells and as the table of a whole model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:  # profiling imports torch, this module must not
    from torso.app.profiling import Cost

__all__ = ["COST_COLUMNS", "cost_cells", "costs_table"]

COST_COLUMNS = ("parameters", "multiply-adds/row", "ms/row")


def cost_cells(cost: Cost) -> tuple[str, str, str]:
    """Return a `Cost` as the cells under `COST_COLUMNS`."""
    return f"{cost.parameters:,}", f"{cost.multiply_adds:,.0f}", f"{cost.milliseconds:.3f}"


def costs_table(costs: Mapping[str, Cost]) -> RenderableType:
    """Return the table of a model's parts and their costs.

    Args:
        costs: part -> its `Cost`.
    """
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("part of the model")
    for header in COST_COLUMNS:
        table.add_column(header, justify="right")
    for name, cost in costs.items():
        table.add_row(Text(name), *cost_cells(cost))
    return table

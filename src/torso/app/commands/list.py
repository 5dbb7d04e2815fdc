"""`torso list`: the parts that YAML can name, and the settings of each."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["list_parts"]


def list_parts(
    name: Annotated[
        str,
        typer.Argument(
            help="A room (encoders, fusion, sharing, heads, balancing, inputs, targets, optimizer, schedule), a part such as "
            "fusion/gated, or a section of run.yaml (training, data). Default: every room.",
        ),
    ] = "",
) -> None:
    """List the parts that YAML can name, or the settings of one part or section."""
    from torso.app.listing import rooms, sheets
    from torso.app.terminal import console, parts_tables, settings_sheet
    from torso.runs.settings.rooms import ALL_ROOMS

    shown = console(out=True)
    if name and name not in ALL_ROOMS:
        for sheet in sheets(name):
            shown.print(settings_sheet(sheet, shown.width))
        return
    costs, footer = {}, ""
    if name in ("fusion", "sharing"):
        from torso.app.profiling import EXAMPLE, example_costs

        costs, footer = example_costs(name), f"\nCosts of default settings: {EXAMPLE}."
    for table in parts_tables(rooms(name), costs, shown.width):
        shown.print(table)
        shown.print(footer)

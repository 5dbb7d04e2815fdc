"""`torso list`: the parts that YAML can name."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["list_parts"]


def list_parts(
    room: Annotated[
        str, typer.Argument(help="encoders, fusion, sharing, heads, balancing, inputs or targets.")
    ] = "",
) -> None:
    """List the parts that YAML can name, with their settings."""
    from torso.app.listing import rooms
    from torso.app.terminal import console, parts_tables

    measured = room in ("fusion", "sharing")
    costs, footer = {}, ""
    if measured:
        from torso.app.profiling import EXAMPLE, example_costs

        costs, footer = example_costs(room), f"\nCosts of default settings: {EXAMPLE}."
    shown = console(out=True)
    for table in parts_tables(rooms(room), costs):
        shown.print(table)
        shown.print(footer)

"""`torso slices` and `torso mistakes`: where a run errs."""

from __future__ import annotations

from typing import Annotated

import typer

from torso.app.commands.results import JudgedTable, Out, check_judged, told
from torso.app.commands.shared import Root, RunArgument, TrustCode

__all__ = ["mistakes", "slices"]


def slices(
    run: RunArgument,
    table: JudgedTable = None,
    by: Annotated[
        list[str], typer.Option("--by", help="A column of TABLE, read or not. Repeatable.")
    ] = [],
    root: Root = [],
    out: Out = None,
    trust_code: TrustCode = False,
) -> None:
    """Score parts of the rows, each against the rest: by gaps, labels and columns."""
    check_judged(run, table, out)

    import torso  # torch takes longer than to see a slip
    from torso.app.terminal import slices_tables

    result = torso.slices(torso.load(run, trust_code=trust_code), table, by, root=root)
    told(result, slices_tables, out)


def mistakes(
    run: RunArgument,
    table: JudgedTable = None,
    worst: Annotated[int, typer.Option(help="Rows that are listed of each target.")] = 5,
    root: Root = [],
    out: Out = None,
    trust_code: TrustCode = False,
) -> None:
    """Show calibration, confusion, the worst rows, and the surest of the wrong answers."""
    check_judged(run, table, out)

    import torso
    from torso.app.terminal import mistakes_tables

    result = torso.mistakes(torso.load(run, trust_code=trust_code), table, worst=worst, root=root)
    told(result, mistakes_tables, out)

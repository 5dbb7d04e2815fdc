"""`torso importance`: the columns and modalities that matter for each task."""

from __future__ import annotations

from typing import Annotated

import typer

from torso.app.commands.results import JudgedTable, Out, check_judged, told
from torso.app.commands.shared import Root, RunArgument, TrustCode

__all__ = ["importance"]


def importance(
    run: RunArgument,
    table: JudgedTable = None,
    root: Root = [],
    rows: Annotated[int, typer.Option(help="Rows that are looked at, at most.")] = 1000,
    repeats: Annotated[
        int | None, typer.Option(help="Exchanges of each column; default 5, of many columns fewer.")
    ] = None,
    out: Out = None,
    trust_code: TrustCode = False,
) -> None:
    """Tell which columns and modalities matter for each task, with 95 % intervals."""
    check_judged(run, table, out)

    import torso  # torch takes longer than to see a slip
    from torso.app.terminal import importance_tables

    predictor = torso.load(run, trust_code=trust_code)
    study = torso.importance(predictor, table, root=root, rows=rows, repeats=repeats)
    told(study, importance_tables, out)

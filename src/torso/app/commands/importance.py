"""`torso importance`: the columns and modalities that matter for each task."""

from __future__ import annotations

from typing import Annotated

import typer

from torso.app.commands.shared import Root, RunArgument, TrustCode

__all__ = ["importance"]


def importance(
    run: RunArgument,
    table: Annotated[
        str | None,
        typer.Argument(
            help="Rows with labels. Default: those of the fit's table that were held out."
        ),
    ] = None,
    root: Root = [],
    rows: Annotated[int, typer.Option(help="Rows that are looked at, at most.")] = 1000,
    repeats: Annotated[
        int | None, typer.Option(help="Exchanges of each column; default 5, of many columns fewer.")
    ] = None,
    trust_code: TrustCode = False,
) -> None:
    """Tell which columns and modalities matter for each task, with 95 % intervals."""
    from torso.app.terminal import console, importance_tables, tell
    from torso.runs.preparing.early import check_answering

    check_answering(run, *([] if table is None else [table]))

    import torso  # torch takes longer than to see a slip

    predictor = torso.load(run, trust_code=trust_code)
    study = torso.importance(predictor, table, root=root, rows=rows, repeats=repeats)
    screen = console(out=True)
    screen.print(importance_tables(study, screen.width))
    tell(study.notes)

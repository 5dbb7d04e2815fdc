"""`torso distill`: one network that answers as a run does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from torso.app.commands.shared import Root, RunArgument, TableArgument, TrustCode

__all__ = ["distill"]


def distill(
    run: RunArgument,
    table: TableArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the new run.")],
    root: Root = [],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a finished run in --out.")
    ] = False,
    trust_code: TrustCode = False,
) -> None:
    """Train one network on a run's answers to a table, which needs no labels: small and quick to serve."""
    import torso
    from torso.app.terminal import ProgressBar, console, verdict

    teacher = torso.load(run, trust_code=trust_code)
    with ProgressBar(console()) as bar:
        student = torso.distill(
            teacher, table, root=root, out=out, overwrite=overwrite, listener=bar
        )
    shown = console(out=True)
    shown.print(verdict(student.report, shown.width))

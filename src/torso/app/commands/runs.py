"""`torso runs`: the runs of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from torso.app.commands.results import Out, check_result, told

__all__ = ["runs"]


def runs(
    folder: Annotated[Path, typer.Argument(help="Folder with runs, or with folders of runs.")] = (
        Path()
    ),
    out: Out = None,
) -> None:
    """List the runs of a folder: date, table, targets, scores, cost; unfinished and damaged ones are told."""
    check_result(out, folder)
    from torso.app.terminal import runs_table
    from torso.studies.overview import runs_in

    told(runs_in(folder), runs_table, out)

"""`torso runs`: the runs of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["runs"]


def runs(
    folder: Annotated[Path, typer.Argument(help="Folder with runs, or with folders of runs.")] = (
        Path()
    ),
    out: Annotated[Path | None, typer.Option("--out", "-o", help="JSON file to write.")] = None,
) -> None:
    """List the runs of a folder: date, table, targets, scores, cost; unfinished and damaged ones are told."""
    from torso.app.terminal import console, runs_table, tell
    from torso.runs.folder.json_files import write_json
    from torso.studies.overview import runs_in

    listed = runs_in(folder)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_json(out, listed.to_dict())
    screen = console(out=True)
    screen.print(runs_table(listed, screen.width))
    tell(listed.notes)

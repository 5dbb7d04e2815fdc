"""`torso show`: a run with all that it says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import typer.core

__all__ = ["show"]


def show(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(help="Folder that `torso fit` wrote.")],
) -> None:
    """Show a run: scores beside baselines, curves, mistakes, studies, notes, and commands to go on with."""
    from torso.app.terminal import console, summary_tables, tell
    from torso.studies.overview import show as summary_of

    summary = summary_of(run, commands=_known(context))
    screen = console(out=True)
    screen.print(summary_tables(summary, screen.width))
    tell([f"note: {note}" for note in summary.notes], out=True)
    for words, command in summary.steps:
        tell([f"{words}:"], out=True)
        screen.print(f"  {command}", highlight=False, markup=False, soft_wrap=True)


def _known(context: typer.Context) -> set[str]:
    """Return the commands of the command line, and each with each of its options."""
    group = context.find_root().command
    own = group.commands if isinstance(group, typer.core.TyperGroup) else {}
    options = {
        f"{name} {option}"
        for name, command in own.items()
        for param in command.params
        for option in param.opts
    }
    return {*own, *options}

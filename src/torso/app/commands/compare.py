"""`torso compare`: runs on the rows that all of them kept aside."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from torso.app.commands.results import Out, check_result, write_result
from torso.app.commands.shared import Root, TrustCode

if TYPE_CHECKING:
    from torso.studies.compare import Comparison

__all__ = ["compare"]


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Folders of runs, the baseline first; one may hold several seeds."),
    ],
    table: Annotated[
        str | None,
        typer.Option("--table", help="Judge by this table's rows, not by those kept aside."),
    ] = None,
    root: Root = [],
    out: Out = None,
    trust_code: TrustCode = False,
) -> None:
    """Compare runs with the first: change by task and over all with 95 % intervals, verdicts in words."""
    from torso.app.terminal import comparison_tables, console, tell

    for run in runs:
        check_result(out, run, table)

    import torso

    compared = torso.compare(*runs, table=table, root=root, trust_code=trust_code)
    write_result(out, compared)
    kept = _keep(compared, runs[1:])
    screen = console(out=True)
    screen.print(comparison_tables(compared, screen.width))
    tell([*compared.notes, *kept])


def _keep(compared: Comparison, runs: list[Path]) -> list[str]:
    """Write the comparison into each run that was compared with the baseline, where it can be, and tell so."""
    from dataclasses import replace

    from torso.runs.folder.folder import RunFolder
    from torso.runs.folder.stage import Stage

    files = []
    for run, against in zip(runs, compared.against, strict=True):
        folder = RunFolder(run.expanduser())
        if folder.stage in (Stage.FINISHED, Stage.RESUMABLE):  # not a folder of several runs
            with suppress(OSError):
                content = replace(compared, against=(against,)).to_dict()
                files.append(str(folder.write_study("compare", content)))
    return (
        [f"Kept in {', '.join(dict.fromkeys(files))}, for torso show and torso report."]
        if files
        else []
    )

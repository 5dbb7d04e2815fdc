"""`torso report`: runs as one page of HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from torso.app.commands.shared import check_out

__all__ = ["report"]


def report(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="Folders that `torso fit` wrote.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write.")] = Path(
        "report.html"
    ),
    lang: Annotated[
        str, typer.Option("--lang", metavar="en|zh", help="Language of the fixed words.")
    ] = "en",
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder for the data of each chart, as CSV and JSON."),
    ] = None,
    table: Annotated[
        str | None,
        typer.Option("--table", help="Table of the fit, where it has moved: for the worst rows."),
    ] = None,
) -> None:
    """Write one HTML file that shows runs: scores, curves, studies, config. It needs no network."""
    for run in runs:
        check_out(out, run)

    from torso.app.terminal import AS_IS, console, tell
    from torso.reports import html_report

    made = html_report(runs, lang=lang, table=table)
    file = made.save(out, data)
    tell(made.notes)
    size = file.stat().st_size / 1e6
    console().print(f"{file}: {size:.2f} MB, opens in any browser without a network.", **AS_IS)
    if data is not None:
        console().print(f"{data}: data of {len(made.figures)} charts as CSV and JSON.", **AS_IS)

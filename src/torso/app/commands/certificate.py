"""`torso certificate`: a run's scores by the modalities that rows lack."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from torso.app.commands.shared import Root, RunArgument, TrustCode, check_out

__all__ = ["certificate"]


def certificate(
    run: RunArgument,
    table: Annotated[
        str | None, typer.Argument(help="Rows with labels; default: the run's held-out rows.")
    ] = None,
    without: Annotated[
        list[str],
        typer.Option(
            "--without",
            metavar="MODALITY[,MODALITY]",
            help="Also judge rows from which these are taken away; all: each set. Repeatable.",
        ),
    ] = [],
    root: Root = [],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="JSON file to write.")] = None,
    trust_code: TrustCode = False,
) -> None:
    """Judge answers by missing pattern: scores and coverage where modalities are absent."""
    from torso.app.terminal import certificate_table, console, tell
    from torso.runs.folder.json_files import write_json
    from torso.runs.preparing.early import check_answering

    check_answering(run, *([table] if table is not None else []))
    if out is not None:
        check_out(out, run, table)

    import torso  # torch takes longer than to see a slip

    predictor = torso.load(run, trust_code=trust_code)
    known = predictor.schema.modalities
    every = without == ["all"] and "all" not in known
    sets = [_named(text, known) for text in without]
    result = torso.certificate(predictor, table, without="all" if every else sets, root=root)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_json(out, result.to_dict())
    screen = console(out=True)
    screen.print(certificate_table(result, screen.width))
    tell(result.notes)


def _named(text: str, known: Collection[str]) -> list[str]:
    """Return the modalities in a text; a name may hold a comma itself.

    >>> _named("image,note", ["image", "note"]), _named("a,b", ["a,b"])
    (['image', 'note'], ['a,b'])
    """
    return [text] if text in known else [name.strip() for name in text.split(",")]

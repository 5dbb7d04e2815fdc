"""`torso certificate`: a run's scores by the modalities that rows lack."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import typer

from torso.app.commands.results import JudgedTable, Out, check_judged, told
from torso.app.commands.shared import Root, RunArgument, TrustCode

__all__ = ["certificate"]


def certificate(
    run: RunArgument,
    table: JudgedTable = None,
    without: Annotated[
        list[str],
        typer.Option(
            "--without",
            metavar="MODALITY[,MODALITY]",
            help="Also judge rows from which these are taken away; all: each set. Repeatable.",
        ),
    ] = [],
    root: Root = [],
    out: Out = None,
    trust_code: TrustCode = False,
) -> None:
    """Judge answers by missing pattern: scores and coverage where modalities are absent."""
    check_judged(run, table, out)

    import torso  # torch takes longer than to see a slip
    from torso.app.terminal import certificate_table

    predictor = torso.load(run, trust_code=trust_code)
    known = predictor.schema.modalities
    every = without == ["all"] and "all" not in known
    sets = [_named(text, known) for text in without]
    result = torso.certificate(predictor, table, without="all" if every else sets, root=root)
    told(result, certificate_table, out)


def _named(text: str, known: Collection[str]) -> list[str]:
    """Return the modalities in a text; a name may hold a comma itself.

    >>> _named("image,note", ["image", "note"]), _named("a,b", ["a,b"])
    (['image', 'note'], ['a,b'])
    """
    return [text] if text in known else [name.strip() for name in text.split(",")]

"""`torso pull`: a run from the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["pull"]


def pull(
    repository: Annotated[str, typer.Argument(help="OWNER/NAME on the hub.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for it; default: the hub's cache.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option("--revision", help="Branch, tag or commit; default: the newest.")
    ] = None,
) -> None:
    """Fetch a run from the Hugging Face hub; offline, find the one that this machine has."""
    import torso

    typer.echo(torso.pull(repository, out, revision=revision))

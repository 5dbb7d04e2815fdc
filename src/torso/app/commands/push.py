"""`torso push`: a run on the Hugging Face hub, or in a folder of its layout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from torso.app.commands.shared import RunArgument, TrustCode

__all__ = ["push"]


def push(
    run: RunArgument,
    repository: Annotated[str, typer.Argument(help="OWNER/NAME on the hub.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Upload nothing: write what would be to this folder."),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="A new repository is seen by all, not by you alone.")
    ] = False,
    license: Annotated[
        str | None, typer.Option("--license", help="Of the card, e.g. apache-2.0.")
    ] = None,
    trust_code: TrustCode = False,
) -> None:
    """Upload a run to the Hugging Face hub, without rows of its table and paths of this machine."""
    import torso
    from torso.exporting.hub import write_hub_folder

    opened = torso.load(run, device="cpu", trust_code=trust_code)
    if out is not None:
        typer.echo(f"Wrote {write_hub_folder(opened, out, repository, license=license)}")
        return
    typer.echo(f"Uploaded: {torso.push(opened, repository, private=not public, license=license)}")

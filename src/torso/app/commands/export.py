"""`torso export`: a run as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from torso.app.commands.shared import RunArgument, TrustCode, check_out

__all__ = ["export"]


def export(
    run: RunArgument,
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write: model.onnx.")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is there.")
    ] = False,
    trust_code: TrustCode = False,
) -> None:
    """Write a run as one file that answers without Torso, compared with the run on every subset of modalities."""
    from torso.exporting.places import check_place

    check_out(out, run)
    check_place(out.expanduser(), overwrite=overwrite)

    import torso  # torch takes longer than to see a slip
    from torso.app.terminal import console, export_lines

    made = torso.export(run, out, overwrite=overwrite, trust_code=trust_code)
    for line in export_lines(made):
        console().print(line, highlight=False, soft_wrap=True)

"""`torso export`: a run as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from torso.app.commands.shared import RunArgument, TrustCode, check_out

__all__ = ["export"]


def export(
    run: RunArgument,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="File to write: .onnx, .pt2, or .safetensors.")
    ],
    precision: Annotated[
        str,
        typer.Option(metavar="float32|bfloat16|float16|int8", help="Precision of an ONNX graph."),
    ] = "float32",
    table: Annotated[
        str | None,
        typer.Option(help="The table of the fit, to score a lighter graph on the held-out rows."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a file that is there.")
    ] = False,
    trust_code: TrustCode = False,
) -> None:
    """Write a run as one file that answers without Torso, compared with the run on every subset of modalities."""
    from torso.exporting.lighter import check_precision
    from torso.exporting.places import check_place

    check_out(out, run)
    check_place(out.expanduser(), overwrite=overwrite)
    check_precision(precision)

    import torso  # torch takes longer than to see a slip
    from torso.app.terminal import console, export_lines

    made = torso.export(
        torso.load(run, device="cpu", trust_code=trust_code),
        out,
        precision=cast("Any", precision),
        table=table,
        overwrite=overwrite,
    )
    for line in export_lines(made):
        console().print(line, highlight=False, soft_wrap=True)

"""`torso demo`: the whole path on data that needs no download."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to.")] = Path(
        "demo-run"
    ),
    rows: Annotated[
        int, typer.Option(min=1, help="Rows of the table, 1797 at most for a fair test.")
    ] = 1797,
) -> None:
    """Run the whole path on digits: pictures, tones, notes and numbers, with gaps. No download."""
    from torso.app.demo import run
    from torso.app.terminal import console

    run(console(), out, rows)

"""What commands share: arguments and options that mean the same everywhere, and the console."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "AS_IS",
    "Root",
    "RunArgument",
    "Settings",
    "TableArgument",
    "Targets",
    "TrustCode",
    "console",
]

TableArgument = Annotated[str, typer.Argument(help="CSV, TSV, JSON lines, Parquet or Arrow file.")]
RunArgument = Annotated[Path, typer.Argument(help="Folder that `torso fit` wrote.")]
Settings = Annotated[
    list[str], typer.Option("--set", help="A setting, e.g. training.epochs=5. Repeatable.")
]
Targets = Annotated[
    list[str], typer.Option("--target", "-t", help="A column to predict. Repeatable.")
]
TrustCode = Annotated[
    bool,
    typer.Option("--trust-code", help="Import parts from outside Torso that the run names."),
]
Root = Annotated[
    list[str], typer.Option("--root", help="Folder or zip that file columns are relative to.")
]

AS_IS: dict[str, Any] = {"highlight": False, "markup": False, "soft_wrap": True}
"""For lines that hold names and paths: one line each, whatever is in them."""


def console(*, out: bool = False) -> Console:
    """Return the console for results (`out`) or for progress and notes."""
    from rich.console import Console

    return Console(stderr=not out, width=None if sys.stdout.isatty() or not out else 120)

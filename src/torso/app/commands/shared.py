"""Arguments and options that mean the same in every command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Root",
    "RunArgument",
    "Settings",
    "TableArgument",
    "Targets",
    "TrustCode",
    "rooted",
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
    typer.Option(
        "--trust-code", help="Import parts from outside Torso that the run or --config names."
    ),
]
Root = Annotated[
    list[str], typer.Option("--root", help="Folder or zip that file columns are relative to.")
]


def rooted(root: list[str]) -> list[str]:
    """Return the setting that `--root` stands for."""
    return [f"data.root={json.dumps(root)}"] if root else []

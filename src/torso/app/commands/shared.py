"""Arguments and options that mean the same in every command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "Budget",
    "Config",
    "Folds",
    "From",
    "Log",
    "Quality",
    "Query",
    "Repeats",
    "Root",
    "RunArgument",
    "Settings",
    "Strict",
    "StrictTable",
    "TableArgument",
    "Targets",
    "Threshold",
    "TrustCode",
    "check_out",
    "named",
    "rooted",
    "started",
    "stricter",
]

TableArgument = Annotated[
    str,
    typer.Argument(
        help="CSV, TSV, JSON lines, Parquet or Arrow file, or a zip of one; a database with --query."
    ),
]
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
Query = Annotated[
    str | None,
    typer.Option(
        "--query",
        metavar="SQL",
        help="Rows to ask for where TABLE is a database: postgresql://HOST/NAME, grpc://HOST:PORT, a .sqlite or .duckdb file.",
    ),
]
Quality = Annotated[
    str | None,
    typer.Option(
        "--quality", "-q", metavar="fast|balanced|best", help="Time for quality; default balanced."
    ),
]
Budget = Annotated[
    str | None, typer.Option(metavar="TIME", help="Time that the run may take: 90s, 10m, 2h.")
]
Config = Annotated[
    Path | None, typer.Option("--config", "-c", help="A run.yaml to repeat or to edit.")
]
Folds = Annotated[
    int | None, typer.Option(help="Networks, each holding out another fold of the rows; 0: one.")
]
Repeats = Annotated[
    int | None, typer.Option(help="Times that the folds are drawn, for as many more networks.")
]
From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="RUN", help="A finished run to start from: its columns, parts, weights."
    ),
]
Log = Annotated[
    list[str],
    typer.Option(
        "--log",
        metavar="tensorboard|mlflow|wandb",
        help="Also log to this program, e.g. mlflow, or mlflow=FOLDER. Repeatable.",
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Stop at the first cell or file that cannot be read.")
]
StrictTable = Annotated[
    bool,
    typer.Option(
        "--strict",
        help="Stop where TABLE lacks an input, or at the first cell that cannot be read.",
    ),
]
Threshold = Annotated[
    list[str],
    typer.Option(
        "--threshold",
        metavar="TASK=NUMBER",
        help="Probability from which on TASK's positive class or labels are answered. Repeatable.",
    ),
]


def named(**options: object) -> list[str]:
    """Return the settings that options of the same names stand for, those left out apart.

    >>> named(folds=0, quality=None)
    ['folds=0']
    """
    return [f"{key}={value}" for key, value in options.items() if value not in (None, "")]


def rooted(root: list[str]) -> list[str]:
    """Return the setting that `--root` stands for."""
    return [f"data.root={json.dumps(root)}"] if root else []


def started(run: str | None) -> list[str]:
    """Return the setting that `--from` stands for."""
    return [] if run is None else [f"start.run={json.dumps(run)}"]


def stricter(strict: bool) -> list[str]:
    """Return the setting that `--strict` stands for."""
    return ["data.on_error=fail"] if strict else []


def check_out(out: Path, run: Path, *given: str | Path | None) -> None:
    """Refuse to write answers over the files that they are made from.

    Args:
        out: file to write.
        run: folder of the run, whose files stay as they are.
        given: tables and other files that are read.

    Raises:
        ConfigError: `out` is one of them.
    """
    from torso.core.errors import ConfigError
    from torso.runs.folder.stage import OWN_FILES

    place = out.expanduser().resolve()
    read = [Path(path).expanduser().resolve() for path in given if path is not None]
    if place in read:
        raise ConfigError(f"`--out` {str(out)!r} is read: it would be lost. Name another file.")
    if place.parent == run.expanduser().resolve() and place.name in OWN_FILES:
        raise ConfigError(f"`--out` {str(out)!r} is a file of the run. Name another.")

"""`torso demo`: from a table with gaps to a trained run, in a minute, with nothing to download."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from torso.core.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from torso.runs.predicting.predictor import Predictor

__all__ = ["SETTINGS", "run"]

SETTINGS = (
    "inputs.image.size=32",
    "encoders.image.jitter=0",  # how much ink there is depends on size and place
    "dim=64",
    "training.epochs=12",
    "training.modality_dropout=0.1",
    "data.split.stratify=digit",
    "pretrained=off",  # the demo is the same on every machine
)


def run(console: Console, folder: Path, rows: int = 1797) -> Predictor:
    """Make the table, fit, show the results, and the commands to try next.

    Args:
        console: where to print.
        folder: gets the table with its files in `data/`, and the run in `run/`.
        rows: number of rows of the table.

    Raises:
        ConfigError: the folder holds something else.
    """
    import torso
    from torso.app.demo.digits import TARGETS, make
    from torso.app.terminal import ProgressBar, columns_table, results_table, summary
    from torso.inference.report import inspect_table
    from torso.runs.folder.folder import RunFolder
    from torso.tables.table import read_table

    table = folder / "data" / "table.csv"
    if folder.exists() and any(folder.iterdir()) and not _is_ours(table):
        raise ConfigError(f"{str(folder)!r} holds something else. Name another folder with --out.")
    RunFolder(folder / "run").check_free(overwrite=True)
    console.print(
        f"Making a table of {rows} handwritten digits: a picture, the keypad tone, a typed note, numbers; "
        "20 % of each label and 10 % of each input removed."
    )
    table = make(folder / "data", rows, missing_labels=0.2, missing_inputs=0.1)
    console.print(
        columns_table(inspect_table(read_table(table), TARGETS), TARGETS, width=console.width)
    )
    console.print()
    with ProgressBar(console) as bar:
        predictor = torso.fit(
            table,
            TARGETS,
            out=folder / "run",
            settings=[*SETTINGS, f"data.cache={folder / 'cache'}"],
            overwrite=True,
            listener=bar,
        )
    console.print(summary(predictor.report))
    console.print("\nOne model, three answers per row, on rows it never saw:")
    console.print(results_table(predictor.reports, console.width))
    console.print(
        f"\nThe table is in {table}, the run in {folder / 'run'}. Next:\n"
        f"  torso inspect {table} -t digit -t parity -t ink\n"
        f"  torso fit {table} -t digit -t parity -t ink -o my-run\n"
        f"  torso predict {folder / 'run'} {table} -o answers.csv",
        highlight=False,
        soft_wrap=True,
    )
    return predictor


def _is_ours(table: Path) -> bool:
    """Return whether a file is a table of the demo, by its header."""
    from torso.app.demo.digits import COLUMNS

    try:
        with table.open(encoding="utf-8") as file:
            return file.readline().strip() == ",".join(COLUMNS)
    except (OSError, UnicodeDecodeError):
        return False

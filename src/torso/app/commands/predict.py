"""`torso predict`: an answer for every row of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from torso.app.commands.shared import Given, Root, RunArgument, StrictTable, TrustCode, check_out

__all__ = ["predict"]


def predict(
    run: RunArgument,
    table: Given,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="File to write: .csv, .tsv, .jsonl, .parquet, .arrow."),
    ],
    root: Root = [],
    keep: Annotated[
        list[str], typer.Option("--keep", help="A column of TABLE to carry over. Repeatable.")
    ] = [],
    strict: StrictTable = False,
    trust_code: TrustCode = False,
) -> None:
    """Answer for every row of a table, in its order."""
    from torso.app.terminal import tell
    from torso.runs.early import check_answering
    from torso.tables.formats.files import check_writable
    from torso.tables.table import write_table

    check_writable(out)
    check_out(out, run, table)
    check_answering(run, table)

    import torso  # torch takes longer than to see a slip

    predictor = torso.load(run, trust_code=trust_code, strict=strict)
    answers = predictor.predict(table, root=root, keep=keep, as_arrow=True, details=True)
    write_table(answers.columns, out)
    tell((f"{answers.columns.num_rows} rows written to {out}", *answers.notes))

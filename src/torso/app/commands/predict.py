"""`torso predict`: an answer for every row of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from torso.app.commands.shared import (
    Root,
    StrictTable,
    Threshold,
    TrustCode,
    check_out,
)

__all__ = ["predict"]

_Run = Annotated[
    Path,
    typer.Argument(help="Folder that `torso fit` wrote, or model.onnx that `torso export` did."),
]


def predict(
    run: _Run,
    table: Annotated[
        list[str],
        typer.Argument(
            metavar="TABLE", help="As for fit, or the run's files: one or more, a folder, a zip."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="File to write: .csv, .tsv, .jsonl, .parquet, .arrow."),
    ],
    root: Root = [],
    keep: Annotated[
        list[str], typer.Option("--keep", help="A column of TABLE to carry over. Repeatable.")
    ] = [],
    proba: Annotated[
        bool | None,
        typer.Option("--proba/--no-proba", help="Columns of probabilities; alone: no intervals."),
    ] = None,
    intervals: Annotated[
        bool | None,
        typer.Option(
            "--intervals/--no-intervals", help="Spreads and intervals; alone: no probabilities."
        ),
    ] = None,
    threshold: Threshold = [],
    of_run: Annotated[
        Path | None,
        typer.Option("--run", help="Refuse model.onnx unless it is an export of this run."),
    ] = None,
    strict: StrictTable = False,
    trust_code: TrustCode = False,
) -> None:
    """Answer for every row of a table, in its order; or for files."""
    from torso.app.terminal import tell
    from torso.tables.formats.files import check_writable
    from torso.tables.table import write_table

    check_writable(out)
    check_out(out, run, *table)
    _check_answering(run, of_run, table)

    import torso  # torch takes longer than to see a slip
    from torso.runs.predicting.prediction import chosen_columns
    from torso.runs.report.deciding import read_thresholds

    given = table[0] if len(table) == 1 else [Path(name) for name in table]
    predictor = torso.load(run, trust_code=trust_code, strict=strict)
    if threshold:
        predictor = predictor.with_threshold(read_thresholds(threshold, predictor.schema.targets))
    tasks = predictor.schema.targets
    check_writable(out, [task for task, kind in tasks.items() if kind.in_bytes])
    answers = predictor.predict(given, root=root, keep=keep, as_arrow=True, details=True)
    names = chosen_columns(answers.columns.column_names, tasks, proba, intervals)
    write_table(answers.columns.select([*dict.fromkeys((*keep, *names))]), out)
    tell((f"{answers.columns.num_rows} rows written to {out}", *answers.notes))


def _check_answering(run: Path, of_run: Path | None, tables: list[str]) -> None:
    """Refuse a run, an export or a table that is not there, or an export of another run than `--run`."""
    from torso.core.errors import ConfigError
    from torso.runs.preparing.early import check_answering
    from torso.runtime.load import check_run, is_export

    if is_export(run):
        check_run(run, of_run)
        return
    check_answering(run, *tables)
    if of_run is not None:
        raise ConfigError(
            f"`--run` says the run that model.onnx should be an export of. Found {str(of_run)!r} beside the folder of a run. "
            "Leave it out."
        )

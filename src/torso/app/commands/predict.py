"""`torso predict`: an answer for every row of a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from torso.app.commands.shared import (
    Query,
    Root,
    StrictTable,
    Threshold,
    TrustCode,
    check_out,
)

if TYPE_CHECKING:
    from torso.runs.predicting.predictor import Predictor
    from torso.runs.predicting.streaming import Streamed, Wanted

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
    query: Query = None,
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
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream", help="A piece at a time, resumable; default for large tables."
        ),
    ] = None,
    strict: StrictTable = False,
    trust_code: TrustCode = False,
) -> None:
    """Answer for every row of a table, in its order; or for files."""
    from torso.tables.databases import queried
    from torso.tables.formats.files import check_writable

    check_writable(out)
    table = [queried(each, query) for each in table]
    check_out(out, run, *table)
    _check_answering(run, of_run, table)

    import torso  # torch takes longer than to see a slip
    from torso.runs.predicting.streaming import Wanted
    from torso.runs.report.deciding import read_thresholds

    predictor = torso.load(run, trust_code=trust_code, strict=strict)
    if threshold:
        predictor = predictor.with_threshold(read_thresholds(threshold, predictor.schema.targets))
    tasks = predictor.schema.targets
    check_writable(out, [task for task, kind in tasks.items() if kind.in_bytes])
    _answer(predictor, table, out, Wanted(root, keep, proba, intervals), stream)


def _answer(
    run: Predictor, tables: list[str], out: Path, wanted: Wanted, stream: bool | None
) -> None:
    """Write the answers, and tell of them."""
    from torso.app.terminal import tell
    from torso.runs.predicting.prediction import chosen_columns
    from torso.runs.predicting.side_by_side import workers_for
    from torso.tables.databases import is_address
    from torso.tables.table import write_table

    if len(tables) == 1 and not is_address(tables[0]):
        done = _streamed(run, Path(tables[0]).expanduser(), out, wanted, stream)
        if done is not None:
            tell((f"{done.rows} rows written to {out}", *done.notes))
            return
    given = tables[0] if len(tables) == 1 else [Path(name) for name in tables]
    with workers_for(run):
        answers = run.predict(
            given, root=wanted.root, keep=wanted.keep, as_arrow=True, details=True
        )
    names = chosen_columns(
        answers.columns.column_names, run.schema.targets, wanted.proba, wanted.intervals
    )
    write_table(answers.columns.select([*dict.fromkeys((*wanted.keep, *names))]), out)
    tell((f"{answers.columns.num_rows} rows written to {out}", *answers.notes))


def _streamed(
    run: Predictor, table: Path, out: Path, wanted: Wanted, asked: bool | None
) -> Streamed | None:
    """Answer a table a piece at a time where that is asked for, or the table is large; None: read it as a whole."""
    from torso.app.terminal import tell
    from torso.runs.predicting.streaming import answer_stream
    from torso.tables.streams.opening import is_large, open_stream
    from torso.tables.streams.row_stream import NeedsWholeError

    if asked is False or not (asked or is_large(table)):
        return None
    try:
        stream = open_stream(table, run.config.data.text)
        tell(
            (
                f"{stream.name}: {stream.rows:,} rows are answered a piece at a time, in {out.name}.parts; after an "
                "interruption the same command goes on there.",
            )
        )
        return answer_stream(run, stream, out.expanduser(), wanted)
    except NeedsWholeError as error:
        tell((f"{table.name} is held in memory as a whole, for {error}.",))
        return None


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

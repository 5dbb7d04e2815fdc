"""The command line: thin; every command calls the same functions that Python users call.

Nothing heavy is imported before a command runs, so that `torso --help` is quick. Errors that Torso raises on
purpose are printed in one sentence; `--debug` shows the traceback.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from torso.app.commands.search import search
from torso.app.commands.shared import AS_IS as _AS_IS
from torso.app.commands.shared import (
    Root,
    RunArgument,
    Settings,
    TableArgument,
    Targets,
    TrustCode,
)
from torso.app.commands.shared import console as _console

__all__ = ["app", "main"]

app = typer.Typer(
    help="Many senses in, one shared body, many tasks out: one model for a table with gaps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(shown: bool) -> None:
    if shown:
        from torso._version import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    del version
    if debug:
        os.environ["TORSO_DEBUG"] = "1"


@app.command()
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

    run(_console(), out, rows)


@app.command()
def inspect(
    table: TableArgument,
    target: Targets = [],
    root: Root = [],
    settings: Settings = [],
    model: Annotated[
        bool, typer.Option("--model", help="Also what the model would be, part by part.")
    ] = False,
) -> None:
    """Say what each column is taken for, how much is missing, and what looks wrong."""
    from torso.app.terminal import columns_table
    from torso.runs.columns import infer_columns
    from torso.runs.config import RunConfig
    from torso.tables.table import read_table

    values = _values(target, root, settings)
    draft = RunConfig.parse({**values, "inputs": {}, "targets": {}})
    source = read_table(table, missing=draft.data.missing)
    reports = infer_columns(source, values, add=True)
    console = _console(out=True)
    console.print(
        f"{source.name}: {source.rows} rows, {len(source.names)} columns",
        **_AS_IS,
    )
    console.print(columns_table(reports, values["targets"], values["inputs"]))
    if not target:
        console.print("\nName what to predict with --target to check the inputs for leaks.")
    if model:
        from torso.app.profiling import model_costs
        from torso.app.terminal import costs_table
        from torso.runs.prepare import draft_model

        built, batch = draft_model(table, target, settings=[*_rooted(root), *settings])
        console.print()
        console.print(costs_table(model_costs(built, batch.inputs)))


@app.command()
def fit(
    table: Annotated[
        str | None, typer.Argument(help="The table; default: that of --config.")
    ] = None,
    target: Targets = [],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the run; default runs/TABLE.")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="A run.yaml to repeat or to start from.")
    ] = None,
    root: Root = [],
    settings: Settings = [],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the interrupted run in --out.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a finished run in --out.")
    ] = False,
) -> None:
    """Train one model on a table; write the run: config, weights, metrics, log."""
    import torso
    from torso.app.progress import ProgressBar
    from torso.app.results import results_table
    from torso.app.terminal import summary

    console = _console()
    folder = out or _free_folder(table or (config.stem if config else "run"), resume)
    with ProgressBar(console) as bar:
        predictor = torso.fit(
            table,
            target,
            out=folder,
            config=config,
            settings=[*_rooted(root), *settings],
            resume=resume,
            overwrite=overwrite,
            listener=bar,
        )
    shown = _console(out=True)
    shown.print(summary(predictor.metrics))
    shown.print(f"\nOn the {predictor.metrics['split']} rows:")
    shown.print(results_table(predictor.reports))
    if predictor.metrics["training"]["end"] == "interrupted":
        shown.print(f"\nInterrupted. Go on with: torso fit --resume -o {folder}", **_AS_IS)
        raise typer.Exit(130)
    shown.print(f"\nThe run lies in {folder}. Next:", **_AS_IS)
    shown.print(f"  torso predict {folder} NEW.csv -o answers.csv", **_AS_IS)
    shown.print(f"  torso evaluate {folder} LABELLED.csv", **_AS_IS)


@app.command()
def evaluate(
    run: RunArgument,
    table: TableArgument,
    root: Root = [],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="JSON file to write.")] = None,
    robustness: Annotated[
        bool, typer.Option("--robustness", help="With noise, and with every subset of modalities.")
    ] = False,
    against: Annotated[
        Path | None, typer.Option("--against", help="A run to compare the robustness with.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="File for the curves of the robustness: .png.")
    ] = None,
    trust_code: TrustCode = False,
) -> None:
    """Compare a run's answers with a table's labels: metrics with 95 % intervals and baselines."""
    import torso
    from torso.app.results import results_table
    from torso.core.errors import ConfigError
    from torso.runs.folder import write_json

    if not robustness and (against or picture):
        raise ConfigError("`--against` and `--picture` belong to `--robustness`. Add it.")
    predictor = torso.load(run, trust_code=trust_code)
    shown: Any
    if robustness:
        from torso.app.terminal import robustness_tables

        other = None if against is None else torso.load(against, trust_code=trust_code)
        found, theirs = (
            None if one is None else torso.robustness(one, table, root=root)
            for one in (predictor, other)
        )
        assert found is not None
        content = found.to_dict(theirs)
        shown = robustness_tables(found, theirs)
        if picture is not None:
            from torso.studies.robustness.pictures import draw_robustness

            draw_robustness(found, picture, theirs)
    else:
        reports = predictor.evaluate(table, root=root)
        content = {task: report.to_dict() for task, report in reports.items()}
        shown = results_table(reports)
    if out is not None:
        write_json(out, content)
    _console(out=True).print(shown)
    _report_skipped(predictor)


@app.command()
def predict(
    run: RunArgument,
    table: TableArgument,
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="File to write: .csv, .tsv, .jsonl, .parquet, .arrow."),
    ],
    root: Root = [],
    keep: Annotated[
        list[str], typer.Option("--keep", help="A column of TABLE to carry over. Repeatable.")
    ] = [],
    trust_code: TrustCode = False,
) -> None:
    """Answer for every row of a table, in its order."""
    import torso
    from torso.tables.table import write_table
    from torso.tables.writing import check_writable

    check_writable(out)
    predictor = torso.load(run, trust_code=trust_code)
    answers = predictor.predict(table, root=root, keep=keep, as_arrow=True)
    write_table(answers, out)
    _console().print(f"{answers.num_rows} rows written to {out}", **_AS_IS)
    _report_skipped(predictor)


app.command()(search)


@app.command("list")
def list_parts(
    room: Annotated[
        str, typer.Argument(help="encoders, fusion, sharing, heads, balancing, inputs or targets.")
    ] = "",
) -> None:
    """List the parts that YAML can name, with their settings."""
    from rich.table import Table
    from rich.text import Text

    from torso.app.listing import rooms

    console = _console(out=True)
    costs: dict[str, tuple[str, ...]] = {}
    headers: tuple[str, ...] = ()
    if room in ("fusion", "sharing"):
        from torso.app.profiling import EXAMPLE, example_costs
        from torso.app.terminal import COST_COLUMNS, cost_cells

        headers = COST_COLUMNS
        costs = {name: cost_cells(cost) for name, cost in example_costs(room).items()}
    for name, parts in rooms(room).items():
        table = Table(box=None, header_style="bold", pad_edge=False)
        table.add_column(name, no_wrap=True)
        table.add_column("settings")
        table.add_column("")
        if noted := any(part.needs for part in parts):
            table.add_column("needs")
        for header in headers:
            table.add_column(header, justify="right", no_wrap=True)
        for part in parts:
            about = f"{part.summary} {part.paper}".rstrip()
            told = [part.name, part.settings, about, *[part.needs] * noted]
            table.add_row(*map(Text, told), *costs.get(part.name, ()))
        console.print(table)
        console.print(f"\nCosts of default settings: {EXAMPLE}." if costs else "")


def main() -> None:
    """Run the command line; the entry point of `torso` and `python -m torso`."""
    from torso.core.errors import TorsoError

    try:
        app()
    except TorsoError as error:
        if os.environ.get("TORSO_DEBUG"):
            raise
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        if os.environ.get("TORSO_DEBUG"):
            raise
        place = f" {error.filename!r}" if error.filename else ""
        typer.echo(f"Cannot read or write{place}: {error.strerror or error}.", err=True)
        sys.exit(1)


def _rooted(root: list[str]) -> list[str]:
    import json

    return [f"data.root={json.dumps(root)}"] if root else []


def _values(target: list[str], root: list[str], settings: list[str]) -> dict[str, Any]:
    from torso.runs.config import apply_settings

    values: dict[str, Any] = {"targets": {name: {} for name in target}}
    apply_settings(values, [*_rooted(root), *settings])
    return values


def _free_folder(table: str, resume: bool) -> Path:
    base = Path("runs") / Path(table).name.split(".")[0]
    if resume:
        return base
    candidates = (base if number == 1 else Path(f"{base}-{number}") for number in range(1, 10_000))
    return next(folder for folder in candidates if not folder.exists())


def _report_skipped(predictor: Any) -> None:
    counts: dict[str, int] = {}
    for one in predictor.last_skipped:
        counts[one["column"]] = counts.get(one["column"], 0) + 1
    for column, count in counts.items():
        first = next(one for one in predictor.last_skipped if one["column"] == column)
        _console().print(
            f"{count} cells of {column!r} counted as missing; the first: row {first['row']}, "
            f"{first['cell']!r}: {first['reason']}",
            **_AS_IS,
        )

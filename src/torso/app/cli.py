"""The command line: names, help and errors. Each command is a file in `torso.app.commands`.

Nothing heavy is imported before a command runs, so that `torso --help` is quick. Errors that Torso raises on
purpose are printed in one sentence; `--debug` shows the traceback.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from torso.app.commands.advise import advise
from torso.app.commands.baselines import baselines, seeds
from torso.app.commands.certificate import certificate
from torso.app.commands.compare import compare
from torso.app.commands.demo import demo
from torso.app.commands.distill import distill
from torso.app.commands.evaluate import evaluate
from torso.app.commands.explain import explain
from torso.app.commands.export import export
from torso.app.commands.fit import fit
from torso.app.commands.importance import importance
from torso.app.commands.inspect import inspect
from torso.app.commands.list import list_parts
from torso.app.commands.predict import predict
from torso.app.commands.pull import pull
from torso.app.commands.push import push
from torso.app.commands.report import report
from torso.app.commands.runs import runs
from torso.app.commands.schema import schema
from torso.app.commands.search import search
from torso.app.commands.serve import serve
from torso.app.commands.show import show
from torso.app.commands.slices import mistakes, slices
from torso.app.commands.tune import tune
from torso.app.cures import corrected
from torso.app.encodings import show_every_character
from torso.app.ending import ending_signals
from torso.app.extra_words import Command, Commands

__all__ = ["app", "main"]

app = typer.Typer(
    cls=Commands,
    help="Many senses in, one shared body, many tasks out: one model for a table with gaps.",
    no_args_is_help=True,
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


for command in (
    demo,
    inspect,
    fit,
    evaluate,
    baselines,
    seeds,
    show,
    runs,
    compare,
    importance,
    advise,
    report,
    predict,
    certificate,
    slices,
    mistakes,
    explain,
    export,
    distill,
    tune,
    search,
    serve,
    push,
    pull,
    schema,
):
    app.command(cls=Command)(command)
app.command("list", cls=Command)(list_parts)


def main() -> None:
    """Run the command line; the entry point of `torso` and `python -m torso`."""
    show_every_character()
    with ending_signals() as ending:
        try:
            _run()
        except SystemExit as end:
            if isinstance(getattr(end.__context__, "__cause__", None), KeyboardInterrupt):
                typer.echo("Interrupted.", err=True)
            if ending.status is not None and end.code:
                sys.exit(ending.status)
            raise


def _run() -> None:
    """Run the command; errors that are meant for the user are printed in one sentence."""
    from torso.core.errors import TorsoError
    from torso.core.full_disk import disk_full

    try:
        app()
    except TorsoError as error:
        if os.environ.get("TORSO_DEBUG"):
            raise
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        if cure := corrected(str(error), sys.argv[1:]):
            typer.echo(f"Try: {cure}", err=True)
        sys.exit(1)
    except ModuleNotFoundError as error:
        from torso.core.optional import needs_training

        lacking = needs_training(error, f"`torso {' '.join(sys.argv[1:2])}`")
        if lacking is error or os.environ.get("TORSO_DEBUG"):
            raise
        typer.echo(f"MissingDependency: {lacking}", err=True)
        sys.exit(1)
    except OSError as error:
        if os.environ.get("TORSO_DEBUG"):
            raise
        file = f" {error.filename!r}" if error.filename else ""
        full = disk_full(error) is not None
        cure = " The disk is full: free some space and repeat the command." if full else ""
        typer.echo(f"Cannot read or write{file}: {error.strerror or error}.{cure}", err=True)
        sys.exit(1)

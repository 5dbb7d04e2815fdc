"""`torso serve`: a run, or several, behind HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from torso.app.commands.shared import Root, Threshold, TrustCode

if TYPE_CHECKING:
    from torso.serving.settings import ServeSettings

__all__ = ["serve"]


def serve(
    run: Annotated[
        Path,
        typer.Argument(help="Folder that `torso fit` wrote, model.onnx, or a folder of such."),
    ],
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; 0.0.0.0 for all of this machine.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="0: any.")] = 8000,
    check: Annotated[
        bool, typer.Option("--check", help="Open the runs, let each answer an example, and end.")
    ] = False,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file", help="File with a token that requests must bear; or $TORSO_TOKEN."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Threads that answer; 0: half the processors.")
    ] = 0,
    settings: Annotated[
        list[str],
        typer.Option(
            "--set", help="A limit or a time, e.g. limits.rows=100, times.wait=2. Repeatable."
        ),
    ] = [],
    examples: Annotated[
        Path | None, typer.Option("--examples", help="Table whose first rows are shown to try.")
    ] = None,
    root: Root = [],
    threshold: Threshold = [],
    trust_code: TrustCode = False,
) -> None:
    """Serve answers over HTTP: rows, tables, explanations, a page to try it."""
    from torso.serving.packages import require_server

    require_server()

    from torso.serving.settings import Address, ServeSettings, changed, read_token

    chosen = ServeSettings(
        address=Address(host, port),
        token=read_token(token_file),
        workers=workers,
        examples=examples,
        roots=tuple(root),
        thresholds=tuple(threshold),
    )
    _serve(run.expanduser(), changed(chosen, settings), trust_code=trust_code, check=check)


def _serve(run: Path, settings: ServeSettings, *, trust_code: bool, check: bool) -> None:
    from torso.app.terminal.served import tell_check, tell_start
    from torso.serving.logs import log_to
    from torso.serving.served import Served
    from torso.serving.server import Server

    served = Served(run, settings, trust_code=trust_code)
    if check:
        tell_check(served)
        return
    server = Server(served, settings)
    tell_start(served, settings)
    log_to()
    server.run()

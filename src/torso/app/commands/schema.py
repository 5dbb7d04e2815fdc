"""`torso schema`: the JSON Schema of `run.yaml`, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["schema"]


def schema(
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="JSON file to write; default: print it.")
    ] = None,
) -> None:
    """Write the JSON Schema of run.yaml, with which an editor completes and checks a config."""
    import json

    from torso.app.run_schema import run_schema
    from torso.app.terminal import AS_IS, console

    text = json.dumps(run_schema(), indent=1)
    if out is None:
        typer.echo(text)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text + "\n", encoding="utf-8")
    note = console()
    note.print(f"Schema written to {out}. Let the first line of a run.yaml be:", **AS_IS)
    note.print(f"# yaml-language-server: $schema={out}", **AS_IS)

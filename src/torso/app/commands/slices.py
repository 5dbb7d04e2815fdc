"""`torso slices` and `torso mistakes`: where a run errs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from torso.app.commands.shared import Root, RunArgument, TrustCode, check_out

__all__ = ["mistakes", "slices"]

_Table = Annotated[
    str | None, typer.Argument(help="Rows with labels; default: the run's held-out rows.")
]
_Out = Annotated[Path | None, typer.Option("--out", "-o", help="JSON file to write.")]


def slices(
    run: RunArgument,
    table: _Table = None,
    by: Annotated[
        list[str], typer.Option("--by", help="A column of TABLE, read or not. Repeatable.")
    ] = [],
    root: Root = [],
    out: _Out = None,
    trust_code: TrustCode = False,
) -> None:
    """Score parts of the rows, each against the rest: by gaps, labels and columns."""
    _check(run, table, out)

    import torso  # torch takes longer than to see a slip
    from torso.app.terminal import console, slices_tables, tell

    result = torso.slices(torso.load(run, trust_code=trust_code), table, by, root=root)
    _write(out, result.to_dict())
    screen = console(out=True)
    screen.print(slices_tables(result, screen.width))
    tell(result.notes)


def mistakes(
    run: RunArgument,
    table: _Table = None,
    worst: Annotated[int, typer.Option(help="Rows that are listed of each target.")] = 5,
    root: Root = [],
    out: _Out = None,
    trust_code: TrustCode = False,
) -> None:
    """Show calibration, confusion, the worst rows, and the surest of the wrong answers."""
    _check(run, table, out)

    import torso
    from torso.app.terminal import console, mistakes_tables, tell

    result = torso.mistakes(torso.load(run, trust_code=trust_code), table, worst=worst, root=root)
    _write(out, result.to_dict())
    screen = console(out=True)
    screen.print(mistakes_tables(result, screen.width))
    tell(result.notes)


def _check(run: Path, table: str | None, out: Path | None) -> None:
    from torso.runs.preparing.early import check_answering

    check_answering(run, *([table] if table is not None else []))
    if out is not None:
        check_out(out, run, table)


def _write(out: Path | None, content: dict[str, object]) -> None:
    from torso.runs.folder.json_files import write_json

    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_json(out, content)

"""A shared way out for commands that judge a run: a file for the result, tables, and notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

import typer

from torso.app.commands.shared import check_out

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

__all__ = ["JudgedTable", "Out", "OwnTable", "check_judged", "check_result", "told", "write_result"]

JudgedTable = Annotated[
    str | None, typer.Argument(help="Rows with labels; default: the run's held-out rows.")
]
OwnTable = Annotated[
    str | None, typer.Argument(help="The table of the fit, if it has moved; default: the run's.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", help="File to write: .json has all, .csv and .parquet the rows of the frame."
    ),
]


class Result(Protocol):
    """Result of a study."""

    def to_dict(self) -> Mapping[str, object]:
        """Return all as JSON values."""

    def frame(self) -> pd.DataFrame:
        """Return a frame."""


class Noted(Result, Protocol):
    """Result with notes."""

    @property
    def notes(self) -> Sequence[str]:
        """Sentences."""


R = TypeVar("R", bound=Noted)


def check_judged(run: Path, table: str | None, out: Path | None) -> None:
    """Refuse a run, a table and a file for the result that cannot be, before torch is imported."""
    from torso.runs.preparing.early import check_answering

    check_answering(run, *([] if table is None else [table]))
    check_result(out, run, table)


def check_result(out: Path | None, run: Path, *given: str | Path | None) -> None:
    """Refuse a file for the result that no format has, or that is read."""
    from torso.tables.formats.files import check_writable

    if out is not None:
        check_writable(out)
        check_out(out, run, *given)


def write_result(out: Path | None, result: Result) -> None:
    """Write a result if a file was asked for: as JSON, or its frame as a table."""
    if out is None:
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".json":
        from torso.runs.folder.json_files import write_json

        write_json(out, result.to_dict())
        return
    import pyarrow as pa

    from torso.tables.table import write_table

    write_table(pa.Table.from_pandas(result.frame(), preserve_index=False), out)


def told(result: R, tables: Callable[[R, int], RenderableType], out: Path | None) -> None:
    """Write a result if a file was asked for, print its tables, and tell its notes."""
    from torso.app.terminal import console, tell

    write_result(out, result)
    screen = console(out=True)
    screen.print(tables(result, screen.width))
    tell(result.notes)

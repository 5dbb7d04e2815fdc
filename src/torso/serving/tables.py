"""`POST /predict/table`: a whole table in, answered piece by piece into a file, and that file streamed back.

Status and notes are true of the whole table, since they are sent when all is answered; neither the table nor the answers are
ever whole in memory as JSON or as text.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from torso.core.errors import unknown
from torso.serving.answering import Observe
from torso.serving.cells import cell_of
from torso.serving.files import check_file
from torso.serving.refusals import Refusal
from torso.serving.settings import ServeSettings
from torso.serving.table_formats import TableFormat, TableWriter
from torso.serving.unpacking import unpacked
from torso.serving.version import Version

if TYPE_CHECKING:
    from torso.tables.table import Table

__all__ = ["AnsweredTable", "TableAsked", "Tables"]

_PIECE = 256  # rows
_WAITING = 4
_NOTES = 20


@dataclass(frozen=True)
class TableAsked:
    """A table to answer.

    Attributes:
        version: of the run.
        read: format of the table.
        written: format of the answers.
        keep: columns to carry over.
        refuse: a cell that cannot be read refuses the table; otherwise it counts as missing.
    """

    version: Version
    read: TableFormat
    written: TableFormat
    keep: Sequence[str] = ()
    refuse: bool = False


@dataclass
class AnsweredTable:
    """Answers to a table.

    Attributes:
        path: of their file.
        rows: answered.
        notes: sentences on absent columns and on cells that counted as missing.
    """

    path: Path
    rows: int = 0
    notes: list[str] = field(default_factory=list)

    def headers(self, own: TableFormat) -> dict[str, str]:
        """Return the headers of the answer."""
        return {
            "X-Torso-Rows": str(self.rows),
            "X-Torso-Notes": json.dumps(self.notes[:_NOTES]),
            "Content-Disposition": f'attachment; filename="answers{own.suffix}"',
        }


class Tables:
    """Answers tables, one at a time, in a thread of its own.

    Args:
        settings: of the server.
        observe: is told of the rows that were answered.
    """

    def __init__(self, settings: ServeSettings, observe: Observe | None = None) -> None:
        self._limits, self._seconds = settings.limits, settings.times.table
        self._pool = ThreadPoolExecutor(1, "torso-table")
        self._waiting = 0
        self._observe = observe

    def close(self) -> None:
        """Let the thread end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Count a table that is being read or answered.

        Raises:
            Refusal: too many at once.
        """
        if self._waiting >= _WAITING:
            raise Refusal(
                "busy", f"{self._waiting} tables are being answered.", cure="Try again.", wait=5
            )
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def answer(self, path: Path, asked: TableAsked) -> AnsweredTable:
        """Return the answers to the table in a file.

        Raises:
            Refusal: the table cannot be read, or takes too long.
        """
        if asked.read.packed:
            path = await unpacked(path, self._limits.table_rows, self._limits.table_bytes)
        stopped: list[bool] = []
        work = asyncio.get_running_loop().run_in_executor(
            self._pool, self._answered, path, asked, stopped
        )
        try:
            return await asyncio.wait_for(work, self._seconds)
        except TimeoutError:
            message = f"The table was not answered within {self._seconds:g} seconds."
            raise Refusal("too_slow", message, cure="Send it in parts.") from None
        finally:
            stopped.append(True)

    def _answered(self, path: Path, asked: TableAsked, stopped: list[bool]) -> AnsweredTable:
        from torso.tables.table import read_table

        version, data = asked.version, asked.version.predictor.config.data
        table = read_table(path, missing=data.missing, settings=data.text)
        table = replace(table, name=f"table{asked.read.suffix}", folder=None)
        self._check(table, asked)
        answered = AnsweredTable(path.with_name(f"answers{asked.written.suffix}"))
        absent = [name for name in version.inputs if name not in table.names]
        if absent:
            answered.notes.append(f"Columns that the table lacks count as missing: {absent}.")
        with answered.path.open("wb") as stream:
            writer = TableWriter(asked.written, stream)
            for piece in table.pieces(_PIECE):
                if stopped:
                    break
                writer.write(self._piece(piece, asked, answered))
            writer.close()
        return answered

    def _check(self, table: Table, asked: TableAsked) -> None:
        if table.rows > self._limits.table_rows:
            raise Refusal(
                "table_too_large",
                f"{table.rows:,} rows, more than the limit of {self._limits.table_rows:,}.",
                cure="Send it in parts.",
            )
        for name in asked.keep:
            if name not in table.names:
                raise Refusal("unknown_column", f"`keep`: {unknown('column', name, table.names)}")

    def _piece(self, piece: Table, asked: TableAsked, answered: AnsweredTable) -> pa.Table:
        """Return the answers to a piece; note the cells that it skipped."""
        piece = self._with_files(piece, asked.version)
        predicted = asked.version.predictor.predict(
            replace(piece, original_rows=None), keep=asked.keep, as_arrow=True, details=True
        )
        if self._observe is not None:
            self._observe(asked.version, piece.data, predicted.columns, predicted.present)
        for cell in predicted.skipped:
            row = answered.rows + cell.row
            if asked.refuse and cell.column not in asked.version.sets:
                message = f"Row {row}, column {cell.column!r}: {cell.cell!r}: {cell.reason}."
                raise Refusal("unreadable_cell", message, row=row, column=cell.column)
            if len(answered.notes) < _NOTES:
                answered.notes.append(
                    f"Row {row}, column {cell.column!r}: {cell.cell!r} counts as missing: {cell.reason}."
                )
        answered.rows += piece.rows
        return predicted.columns

    def _with_files(self, piece: Table, version: Version) -> Table:
        """Return a piece whose file columns hold bytes: base64 in a text format, bytes in others; never a path."""
        data = piece.data
        for name, kind in version.inputs.items():
            if not kind.in_files or name not in piece.names:
                continue
            column = piece.column(name)
            cells: list[bytes | None] = []
            for at, cell in enumerate(column.values.to_pylist()):
                try:
                    given = {"base64": cell} if isinstance(cell, str) else cell
                    content = None if given is None else cell_of(kind).read(given)
                    assert content is None or isinstance(content, bytes)
                    check_file(kind, content, self._limits)
                except Refusal as refusal:
                    row = column.row_number(at)
                    code = "not_bytes" if refusal.code == "bad_base64" else refusal.code
                    message = f"Row {row}, column {name!r}: {refusal.message}."
                    cure = "A file is its bytes, or base64 in CSV and JSON; paths are not read."
                    raise Refusal(code, message, cure=cure, row=row, column=name) from None
                cells.append(content)
            position = data.column_names.index(name)
            data = data.set_column(position, name, pa.array(cells, pa.large_binary()))
        return replace(piece, data=data)

"""JSON lines as streams. All cells of a column are seen before its type is known, so they are read twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from torso.tables.formats.text_settings import TextSettings
from torso.tables.streams.csv_stream import head_of, lines_of, open_bytes
from torso.tables.streams.row_stream import NeedsWholeError, RowStream, skipping
from torso.tables.types.python_cells import python_column

__all__ = ["JsonStream"]

_ROWS = 16_384
_EXACT = 2**53
_LAST_INT = 2**63
_TYPES = {int: pa.int64(), float: pa.float64(), str: pa.large_string(), bool: pa.bool_()}


class JsonStream(RowStream):
    """An object per line.

    Args:
        path: of the file, which may end in `.gz`.
        settings: the encoding as far as the user says so.
    """

    def __init__(self, path: Path, settings: TextSettings) -> None:
        _, self._start = head_of(path, settings)
        self.path = path
        seen: dict[str, _Seen] = {}
        rows = 0
        for row in self._objects():
            rows += 1
            for name, cell in row.items():
                if (own := seen.get(name)) is None:
                    own = seen[name] = _Seen()
                own.look(cell)
        for column in seen.values():
            column.settle()
        super().__init__(path, [*seen])
        self.rows, self._labels, self._seen = rows, [*seen], [*seen.values()]

    def of_columns(self, columns: Sequence[str]) -> None:
        """Refuse columns of cells whose type only the whole column tells."""
        for name, seen in zip(self.names, self._seen, strict=True):
            if name in {*columns} and (why := seen.needs_whole):
                raise NeedsWholeError(f"{why} in its column {name!r}")

    def batches(self, start: int, columns: Sequence[int]) -> Iterator[pa.Table]:
        """Yield the rows from `start` on."""
        yield from skipping(self._read(columns), start)

    def _read(self, columns: Sequence[int]) -> Iterator[pa.Table]:
        rows: list[Mapping[str, object]] = []
        for row in self._objects():
            rows.append(row)
            if len(rows) == _ROWS:
                yield self._table(rows, columns)
                rows = []
        if rows:
            yield self._table(rows, columns)

    def _table(self, rows: Sequence[Mapping[str, object]], columns: Sequence[int]) -> pa.Table:
        arrays = {}
        for place in columns:
            label = self._labels[place]
            arrays[str(place)] = self._seen[place].array([row.get(label) for row in rows])
        return pa.table(arrays)

    def _objects(self) -> Iterator[Mapping[str, object]]:
        """Yield the rows. A wrong line is left to the reader of the whole, who names it."""
        with open_bytes(self.path, self._start) as file:
            for block in lines_of(file):
                for line in block.splitlines() if b"\r" not in block else _lines(block):
                    if not line.strip():
                        continue
                    try:
                        row = json.loads(line)
                    except (ValueError, RecursionError) as error:
                        raise NeedsWholeError("lines that are no objects of JSON") from error
                    if not isinstance(row, dict):
                        raise NeedsWholeError("lines that are no objects of JSON")
                    yield row


def _lines(block: bytes) -> list[bytes]:
    return block.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")


class _Seen:
    """The sorts of a column's cells."""

    def __init__(self) -> None:
        self.types: set[type] = set()
        self.needs_whole = ""
        self.kind: pa.DataType | None = None
        self.far = False
        self.no_number = True  # of its floats: all are NaN

    def look(self, cell: object) -> None:
        """Take note of a cell."""
        kind = type(cell)
        self.types.add(kind)
        if kind is str:
            if not self.needs_whole:
                with suppress(UnicodeEncodeError):
                    cell.isascii() or cell.encode()  # type: ignore[attr-defined]
                    return
                self.needs_whole = "halves of characters"
        elif kind is float:
            self.no_number &= cell != cell
        elif kind is int:
            self.far |= not -_EXACT <= cell <= _EXACT  # type: ignore[operator]
            if not -_LAST_INT <= cell < _LAST_INT:  # type: ignore[operator]
                self.needs_whole = "numbers beyond 64 bits"
        elif kind is dict or (kind is list and not _numbers(cell)):
            self.needs_whole = "objects or lists of no numbers"

    @property
    def _kinds(self) -> set[type]:
        kinds = self.types - {type(None)}
        return kinds - {float} if self.no_number and kinds - {int, float} else kinds

    def settle(self) -> None:
        """Decide the type of the column, once all its cells are seen."""
        kinds = self._kinds
        if kinds == {int, float} and self.far:
            self.needs_whole = "numbers that only some cells hold exactly"
        elif kinds != {int, float} and len(kinds) > 1:
            self.needs_whole = "cells of several sorts"
        self.kind = _TYPES[float] if len(kinds) > 1 else _TYPES.get(next(iter(kinds), list))

    def array(self, cells: list[object]) -> pa.Array | pa.ChunkedArray:
        """Return cells as an array of the type that the whole column has."""
        if self.kind is None:
            return python_column(cells).values
        return pa.array(cells, self.kind, from_pandas=True)


def _numbers(cell: object) -> bool:
    """Return whether a cell is a number, or a list of these, or of lists."""
    if isinstance(cell, list):
        return all(map(_numbers, cell))
    return cell is None or type(cell) in (int, float)

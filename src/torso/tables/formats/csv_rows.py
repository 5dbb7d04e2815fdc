"""The rows of a CSV one by one: to mend those that Arrow's reader refuses, and to find a quote that swallows rows.

A quote that never closes, or closes rows later, makes one cell of all lines between. Arrow and pandas read that
without a word. So wherever a cell spans lines, its row is read again under strict rules.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.core.errors import DataError
from torso.tables.formats.csv_header import is_number_like
from torso.tables.formats.dialect import Dialect, named, one_letter, wide_cells

__all__ = [
    "ROWS_LOOKED_AT",
    "LineCounts",
    "blank_lines",
    "check_cells_of_lines",
    "check_quotes",
    "count_lines",
    "rows_of",
    "spans_lines",
]

LineCounts = tuple[int, int, int]
"""Lines of a file, blank ones among them, and those of the blank ones with others below them."""

_PIECE = 1 << 24  # bytes looked at in one go
ROWS_LOOKED_AT = 1000  # by which the cells of a column are known
_FEW_SHAPES, _FEW_VALUES = 3, 20
_LINES_THAT_TELL = 4  # lines that each look like a row, where no column has a known shape


class _Row(NamedTuple):
    """A row as it stands in the file.

    Attributes:
        number: from 1, without the header.
        line: at which it begins, from 1.
        lines: its lines as written.
        cells: of it.
    """

    number: int
    line: int
    lines: list[str]
    cells: list[str]


class _Recorder:
    """The lines of a text, kept until somebody takes them."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.read: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            self.read.append(line)
            yield line

    def take(self) -> list[str]:
        lines, self.read = self.read, []
        return lines


def rows_of(body: pa.Buffer, dialect: Dialect, name: str) -> tuple[pa.Table, list[str]]:
    """Return the rows as text, and sentences about mended ones.

    Args:
        body: from the header on, in UTF-8.
        dialect: of it.
        name: what messages call the file.

    Raises:
        DataError: a row has more or fewer cells than the header, or a quote takes in other rows.
    """
    width = len(dialect.header)
    rows: list[list[str]] = []
    longer = comments = 0
    for row in _walk(pa.BufferReader(body), dialect):
        cells = row.cells
        if len(cells) != width:
            if not any(map(str.strip, cells[width:])) and len(cells) > width:
                longer += 1
            elif cells[0].startswith("#"):
                comments += 1
                continue
            else:
                raise _ragged(row, dialect, name)
        if len(row.lines) > 1 and not _is_clean(row, dialect):
            raise _swallowed(row, name)
        rows.append(cells[:width])
    columns = zip(*rows, strict=True) if rows else ([] for _ in range(width))
    arrays = [pa.array(column, pa.large_string()) for column in columns]
    notes = []
    if longer:
        notes.append(f"empty cells behind the last column are left out ({longer} rows)")
    if comments:
        notes.append(f"{comments} lines that begin with # are left out")
    return pa.Table.from_arrays(arrays, names=[name.strip() for name in dialect.header]), notes


def check_quotes(
    body: Callable[[], pa.NativeFile],
    counts: LineCounts,
    dialect: Dialect,
    table: pa.Table,
    name: str,
) -> list[str]:
    """Return sentences about blank lines; refuse a quote that takes in other rows.

    Args:
        body: opens the text from the header on, in UTF-8; called only where a cell spans lines.
        counts: its lines.
        dialect: of it.
        table: read from it.
        name: what messages call the file.

    Raises:
        DataError: rows stand within a cell.
    """
    _, blank, within = counts
    single = table.num_columns == 1
    if not spans_lines(counts, table.num_rows, single=single):
        return blank_lines(blank if single else within, single=single)
    check_cells_of_lines(body(), dialect, table, name)
    if single:
        blank = pc.sum(pc.equal(pc.binary_length(table.column(0)), 0)).as_py() or 0
        return blank_lines(blank, single=True)
    return []


def spans_lines(counts: LineCounts, rows: int, *, single: bool) -> bool:
    """Return whether some cell spans lines.

    Args:
        counts: lines of the text.
        rows: that were read from it.
        single: it has one column.
    """
    lines, blank, _ = counts
    return lines - blank != rows + 1 - single * blank


def check_cells_of_lines(body: pa.NativeFile, dialect: Dialect, first: pa.Table, name: str) -> None:
    """Refuse a quote that takes in other rows, among the cells that span lines.

    Args:
        body: the text from the header on, in UTF-8.
        dialect: of it.
        first: rows read from it, the first at least.
        name: what messages call the file.

    Raises:
        DataError: rows stand within a cell.
    """
    known: list[_Known] = []
    for row in _walk(body, dialect):
        if len(row.lines) == 1:
            continue
        known = known or _known(first)
        if not _is_clean(row, dialect) or _holds_rows(row, dialect, known):
            raise _swallowed(row, name)


def blank_lines(blank: int, *, single: bool) -> list[str]:
    """Return a sentence about blank lines, if there are any."""
    if not blank:
        return []
    if single:
        return [
            f"a blank line is a row without a value, since the file has one column ({blank} of them)"
        ]
    return [f"{blank} blank lines are left out"]


def _walk(body: pa.NativeFile, dialect: Dialect) -> Iterator[_Row]:
    """Yield the rows below the header, blank ones only of a table with one column."""
    single = len(dialect.header) == 1
    _, replaced = one_letter(dialect.delimiter)
    text = io.TextIOWrapper(body, encoding="utf-8", newline="")
    lines = _Recorder(text)
    source = (line.replace(*replaced) for line in lines) if replaced else iter(lines)
    line, number = dialect.before + 1, -1
    with wide_cells():
        for cells in csv.reader(source, **dialect.reading):
            row_lines = lines.take()
            if cells or single:
                number += 1
                if number:
                    yield _Row(number, line, row_lines, cells or [""])
            line += len(row_lines)


def _is_clean(row: _Row, dialect: Dialect) -> bool:
    """Return whether every quote of a row stands where it may."""
    _, replaced = one_letter(dialect.delimiter)
    lines = [line.replace(*replaced) for line in row.lines] if replaced else row.lines
    try:
        list(csv.reader(lines, strict=True, **dialect.reading))
    except csv.Error:
        return False
    return True


def _holds_rows(row: _Row, dialect: Dialect, known: Sequence[_Known]) -> bool:
    """Return whether each line of a row looks like a row of its own.

    Args:
        row: some of its cells span lines.
        dialect: of the file.
        known: the other cells of each column.
    """
    width = len(dialect.header)
    if row.lines[-1].count(dialect.delimiter) != width - 1:  # most cells of several lines end here
        return False
    parts = [line.rstrip("\r\n").split(dialect.delimiter) for line in row.lines]
    if width == 1 or any(len(cells) != width for cells in parts):
        return False
    if not any(column.cells or column.shapes for column in known):
        return len(parts) >= _LINES_THAT_TELL
    return all(
        column.holds(cell.strip(f" {dialect.quote}"))
        for cells in parts
        for cell, column in zip(cells, known, strict=True)
    )


class _Known(NamedTuple):
    """The first cells of a column, where they are alike.

    Attributes:
        cells: all of them, if they are few and repeat.
        shapes: the few shapes of cells with digits.
    """

    cells: frozenset[str]
    shapes: frozenset[str]

    def holds(self, cell: str) -> bool:
        """Return whether a cell may be of this column, as far as it is known."""
        return not (cell and (self.cells or self.shapes)) or (
            cell in self.cells or _shape(cell) in self.shapes
        )


def _known(table: pa.Table) -> list[_Known]:
    known = []
    for column in table.slice(0, ROWS_LOOKED_AT).columns:
        cells = [cell.strip() for cell in column.to_pylist() if cell and "\n" not in cell]
        values, shapes = Counter(cells), Counter(map(_shape, cells))
        few = len(values) <= _FEW_VALUES and 3 * len(values) <= len(cells)
        alike = len(shapes) <= _FEW_SHAPES and all("9" in shape for shape in shapes)
        known.append(
            _Known(
                frozenset(values) if few else frozenset(),
                frozenset(shapes) if alike else frozenset(),
            )
        )
    return known


def _shape(cell: str) -> str:
    """Return a cell with 9 for a number and a for a word.

    >>> [_shape(cell) for cell in ("-1,5", "x12", "2024-05-17", "Room 5")]
    ['9', 'a9', '9-9-9', 'a 9']
    """
    cell = cell.strip()
    return "9" if is_number_like(cell) else re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell))


def _ragged(row: _Row, dialect: Dialect, name: str) -> DataError:
    width = len(dialect.header)
    first = row.lines[0].rstrip("\r\n").split(dialect.delimiter)
    if len(row.lines) > 1 and len(first) == width:
        return _swallowed(row, name)
    mark = named(dialect.delimiter)
    if len(row.cells) > width:
        cure = (
            f"Quote the cells that hold {mark} or a line break, or name all columns in the header."
        )
    else:
        cure = f"Add {mark} for each cell that is empty, or take the line away if it is no row."
    return DataError(
        f"{name}, row {row.number} (line {row.line}): {len(row.cells)} cells where the header has {width}. {cure}"
    )


def _swallowed(row: _Row, name: str) -> DataError:
    return DataError(
        f"{name}, row {row.number} (line {row.line}): a quote opens here and takes in the next {len(row.lines) - 1} "
        f"lines, {row.lines[0].strip()[:60]!r}. Take it away, or close the cell with another; a quote within a "
        "quoted cell is written twice."
    )


def count_lines(body: pa.Buffer) -> LineCounts:
    """Return the number of lines, of blank ones among them, and of those with others below them."""
    content = np.frombuffer(body, np.uint8)
    mark = b"\n" if _holds(content, b"\n") else b"\r"
    breaks = np.concatenate(
        [
            start + np.flatnonzero(content[start : start + _PIECE] == mark[0])
            for start in range(0, len(content), _PIECE)
        ]
        or [np.zeros(0, np.int64)]
    )
    gaps = np.diff(breaks, prepend=-1)
    returns = (content[breaks - 1] == ord("\r")) if mark == b"\n" else np.zeros(len(breaks), bool)
    blank = (gaps == 1) | ((gaps == 2) & returns)
    open_end = len(content) > 0 and (not len(breaks) or breaks[-1] != len(content) - 1)
    filled = np.flatnonzero(~blank)
    within = blank if open_end else blank[: filled[-1]] if len(filled) else blank[:0]
    return len(breaks) + open_end, int(blank.sum()), int(within.sum())


def _holds(content: np.ndarray, mark: bytes) -> bool:
    return any(
        (content[start : start + _PIECE] == mark[0]).any()
        for start in range(0, len(content), _PIECE)
    )

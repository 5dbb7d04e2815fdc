"""CSV and TSV as streams: Arrow's reader goes through them block by block, as it goes through the whole.

The dialect is found in the first lines, as always. Before the first piece the file is read once: its lines are
counted, since a quote may take in other rows, and its bytes are checked to be UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO

import pyarrow as pa

from torso.core.errors import DataError
from torso.tables.formats.csv_format import BLOCK_BYTES, arrow_options, sample_of, start_of_line
from torso.tables.formats.csv_rows import (
    ROWS_LOOKED_AT,
    LineCounts,
    blank_lines,
    check_cells_of_lines,
    count_lines,
    spans_lines,
)
from torso.tables.formats.dialect import find_dialect
from torso.tables.formats.encoding import decoded, is_utf8
from torso.tables.formats.text_settings import TextSettings
from torso.tables.streams.row_stream import NeedsWholeError, RowStream, skipping

__all__ = ["CsvStream", "head_of", "lines_of", "open_bytes"]

_HEAD_BYTES = 1 << 20
_READ_BYTES = 1 << 24
_END_OF_DOS = b"\x1a"
_TWICE = 2


class CsvStream(RowStream):
    """Rows of cells between delimiters, all of them text.

    Args:
        path: of the file, which may end in `.gz`.
        separator: between two cells, as a rule.
        settings: delimiter and encoding as far as the user says so.
    """

    typed = False

    def __init__(self, path: Path, separator: str, settings: TextSettings) -> None:
        head, skipped = head_of(path, settings)
        sample, whole = sample_of(head)
        if whole and head.size + skipped >= _HEAD_BYTES // _TWICE:
            raise NeedsWholeError("its long lines")
        dialect = find_dialect(sample, separator, settings.delimiter, whole=whole)
        if not dialect.plain or dialect.escape:
            raise NeedsWholeError("the way in which it separates or quotes cells")
        self._start = skipped + start_of_line(sample, dialect.before)
        self._dialect = replace(dialect, notes=())
        self._block = 0
        counts = _line_counts(path, self._start)
        width = len(dialect.header)
        self.path, self.name = path, path.name
        self.rows = sum(batch.num_rows for batch in self.batches(0, [0]))
        notes = [*dialect.notes, *self._checked_lines(counts, single=width == 1)]
        rows = self.rows
        super().__init__(
            path, [name.strip() for name in dialect.header], [f"{path.name}: {n}." for n in notes]
        )
        self.rows = rows

    def batches(self, start: int, columns: Sequence[int]) -> Iterator[pa.Table]:
        """Yield the rows from `start` on, as text."""
        yield from skipping(self._read(columns), start)

    def _read(self, columns: Sequence[int]) -> Iterator[pa.Table]:
        """Yield all rows; where a row is longer than a block, go on with longer ones."""
        from pyarrow import csv as arrow_csv

        done = 0
        while True:
            options = arrow_options(self._dialect, BLOCK_BYTES[self._block], columns)
            try:
                with open_bytes(self.path, self._start) as file:
                    reader = arrow_csv.open_csv(file, **options)
                    tables = (pa.Table.from_batches([batch]) for batch in reader)
                    for table in skipping(tables, done):
                        done += table.num_rows
                        yield table
                return
            except pa.ArrowInvalid as error:
                if "straddling" not in str(error) or self._block + _TWICE >= len(BLOCK_BYTES):
                    raise NeedsWholeError("rows that have to be mended one by one") from error
                self._block += 1

    def _checked_lines(self, counts: LineCounts, *, single: bool) -> list[str]:
        """Return sentences about blank lines; refuse a quote that takes in other rows."""
        _, blank, within = counts
        if not spans_lines(counts, self.rows, single=single):
            return blank_lines(blank if single else within, single=single)
        if single:
            raise NeedsWholeError("one column whose cells span lines")
        first = next(self.batches(0, range(len(self._dialect.header)))).slice(0, ROWS_LOOKED_AT)
        with open_bytes(self.path, self._start) as file:
            check_cells_of_lines(file, self._dialect, first, self.name)
        return []


def head_of(path: Path, settings: TextSettings) -> tuple[pa.Buffer, int]:
    """Return the first lines of a text in UTF-8, and the number of bytes that stand before them.

    Raises:
        NeedsWholeError: it has another encoding, or only the whole tells.
    """
    if settings.encoding not in (None, "utf-8", "utf-8-sig", "ascii"):
        raise NeedsWholeError(f"its encoding {settings.encoding}")
    with open_bytes(path) as file:
        raw = file.read(_HEAD_BYTES)
    whole = raw if len(raw) < _HEAD_BYTES else raw[: raw.rfind(b"\n") + 1]
    if b"\n" not in whole or not whole.strip():
        raise NeedsWholeError("lines that are longer than a megabyte, or have other ends")
    try:
        text = decoded(pa.py_buffer(whole), path.name, settings)
    except DataError as error:
        raise NeedsWholeError("its encoding") from error
    if text.notes or text.guess:
        raise NeedsWholeError("its encoding")
    return text.content, len(whole) - text.content.size


def open_bytes(path: Path, start: int = 0) -> pa.NativeFile:
    """Open a file, unpacked, at a byte. Not mapped: a file that is cut meanwhile would end the process."""
    if path.suffix.lower() != ".gz":
        file = pa.OSFile(str(path))
        file.seek(start)
        return file
    packed = pa.input_stream(str(path), compression="gzip")
    while start:
        start -= len(packed.read(min(start, _READ_BYTES)))
    return packed


def lines_of(file: IO[bytes] | pa.NativeFile) -> Iterator[bytes]:
    """Yield a text in blocks of whole lines; refuse bytes that are not UTF-8.

    Raises:
        NeedsWholeError: it has another encoding, or none.
    """
    rest = b""
    while read := file.read(_READ_BYTES):
        end = read.rfind(b"\n") + 1
        block, rest = (rest + read[:end], read[end:]) if end else (b"", rest + read)
        if block:
            yield _checked(block)
    if rest.endswith(_END_OF_DOS):
        raise NeedsWholeError("the sign at its end")
    if rest:
        yield _checked(rest)


def _checked(block: bytes) -> bytes:
    if not is_utf8(pa.py_buffer(block)):
        raise NeedsWholeError("its encoding")
    return block


def _line_counts(path: Path, start: int) -> LineCounts:
    """Return the number of lines, of blank ones among them, and of those with others below them."""
    lines = blank = within = 0
    with open_bytes(path, start) as file:
        for block in lines_of(file):
            own = count_lines(pa.py_buffer(block))
            if own[0] > own[1]:
                within = blank + own[2]
            lines, blank = lines + own[0], blank + own[1]
    return lines, blank, within

"""CSV and TSV: all cells are text, in whatever dialect, and every message names the file and the row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from torso.core.errors import DataError
from torso.tables.formats.csv_rows import LineCounts, check_quotes, count_lines, rows_of
from torso.tables.formats.dialect import Dialect, find_dialect
from torso.tables.formats.encoding import decoded
from torso.tables.formats.file_format import Content, FileFormat, open_buffer, open_text
from torso.tables.formats.json_format import json_cells
from torso.tables.formats.text_settings import TextSettings

__all__ = ["BLOCK_BYTES", "SeparatedText", "arrow_options", "sample_of", "start_of_line"]

BLOCK_BYTES = (1 << 20, 1 << 24, (1 << 31) - 1)  # the next where a row does not fit into one
_SAMPLE_BYTES = 1 << 16
_NOTHING = pa.py_buffer(b"")


class SeparatedText(FileFormat):
    """Rows of cells between delimiters.

    Args:
        suffixes: endings of such files.
        separator: between two cells, as a rule.
    """

    typed: ClassVar[bool] = False

    def __init__(self, *suffixes: str, separator: str) -> None:
        super().__init__(*suffixes)
        self.separator = separator

    def read(self, path: Path, settings: TextSettings) -> Content:
        """Return every column as text."""
        raw = open_buffer(path)
        text = decoded(raw, path.name, settings)
        sample, whole = sample_of(text.content)
        dialect = find_dialect(sample, self.separator, settings.delimiter, whole=whole)
        if not any(name.strip() for name in dialect.header) and not _holds_text(text.content):
            raise DataError(f"{path.name} is empty.")
        body = text.content[start_of_line(sample, dialect.before) :]
        text = replace(text, content=_NOTHING)
        start = body.address - raw.address
        if dialect.plain and path.suffix.lower() != ".gz" and 0 <= start <= raw.size:
            counts = count_lines(body)
            del body, raw  # the file's bytes are not held beside its table
            table, notes = _from_file(path, start, dialect, counts)
        else:
            table, notes = _table(body, dialect, path.name)
        said = [f"{path.name}: {note}." for note in (*dialect.notes, *notes)]
        return Content(table, (*text.notes, *said), text.guess)

    def write(self, data: pa.Table, path: Path, name: str, *, packed: bool) -> None:
        """Write `data`; a list becomes JSON text."""
        with open_text(path, "wt", packed=packed) as text:
            writer = csv.writer(text, delimiter=self.separator, lineterminator="\n")
            writer.writerow(data.column_names)
            columns = [
                _as_text(column, label, name)
                for label, column in zip(data.column_names, data.columns, strict=True)
            ]
            writer.writerows(zip(*columns, strict=True))


def sample_of(content: pa.Buffer) -> tuple[str, bool]:
    """Return whole lines from the beginning of a file, at least two, and whether they are all of it."""
    size = _SAMPLE_BYTES
    while size < content.size:
        head = content[:size].to_pybytes()
        mark = b"\n" if b"\n" in head else b"\r"
        if head.count(mark) > 1:
            return head[: head.rindex(mark) + 1].decode(), False
        size *= 4
    return content.to_pybytes().decode(), True


def _holds_text(content: pa.Buffer) -> bool:
    pieces = range(0, content.size, BLOCK_BYTES[0])
    return any(content[start : start + BLOCK_BYTES[0]].to_pybytes().strip() for start in pieces)


def start_of_line(sample: str, number: int) -> int:
    """Return the byte at which the line with `number` lines before it begins."""
    lines = io.StringIO(sample, newline="")
    return sum(len(line.encode()) for line, _ in zip(lines, range(number), strict=False))


def _table(body: pa.Buffer, dialect: Dialect, name: str) -> tuple[pa.Table, list[str]]:
    """Return the rows from the header on, and sentences about mended ones."""
    if dialect.plain:
        table = _by_arrow(lambda: pa.BufferReader(body), dialect, name)
        if table is not None:
            return table, check_quotes(
                lambda: pa.BufferReader(body), count_lines(body), dialect, table, name
            )
    return rows_of(body, dialect, name)


def _from_file(
    path: Path, start: int, dialect: Dialect, counts: LineCounts
) -> tuple[pa.Table, list[str]]:
    """Return the rows of a file from the byte `start` on, and sentences about mended ones."""

    def opened() -> pa.NativeFile:
        file = pa.OSFile(str(path))
        file.seek(start)
        return file

    table = _by_arrow(opened, dialect, path.name)
    if table is None:
        return rows_of(open_buffer(path)[start:], dialect, path.name)
    return table, check_quotes(opened, counts, dialect, table, path.name)


def arrow_options(
    dialect: Dialect, block_bytes: int, columns: Sequence[int] | None = None
) -> dict[str, object]:
    """Return options of Arrow's readers for the rows from the header on; columns are called by their positions.

    Args:
        dialect: of the file.
        block_bytes: read at once; a row must fit into them.
        columns: positions of those that are wanted; None: all.
    """
    from pyarrow import csv as arrow_csv

    single = len(dialect.header) == 1
    names = [str(position) for position in range(len(dialect.header))]  # names may be twice there
    return {
        "read_options": arrow_csv.ReadOptions(
            block_size=block_bytes,
            column_names=names,
            skip_rows_after_names=1,
            use_threads=False,
        ),
        "parse_options": arrow_csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote,
            escape_char=dialect.escape or False,
            newlines_in_values=True,
            ignore_empty_lines=not single,  # of one column, a blank line is a blank cell
        ),
        "convert_options": arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()),
            include_columns=None if columns is None else [names[place] for place in columns],
            null_values=[],
            check_utf8=False,
        ),
    }


def _by_arrow(opened: Callable[[], pa.NativeFile], dialect: Dialect, name: str) -> pa.Table | None:
    """Return the rows as Arrow reads them; None where a row has more or fewer cells than the header."""
    from pyarrow import csv as arrow_csv

    # A cell may be long (a paragraph, a vector): a block must hold its whole row.
    for block_bytes in BLOCK_BYTES:
        try:
            table = arrow_csv.read_csv(opened(), **arrow_options(dialect, block_bytes))
            return table.rename_columns([name.strip() for name in dialect.header])
        except pa.ArrowInvalid as error:
            if "straddling" not in str(error):
                return None
    with opened() as file:
        if (
            file.size() - file.tell() < BLOCK_BYTES[-1]
        ):  # a header alone, without an end of its line
            return None
    raise DataError(f"{name} has a row of more than 2 GB. Store such cells in files of their own.")


def _as_text(column: pa.ChunkedArray, label: str, table: str) -> list[object]:
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return list(column.cast(pa.large_string()).to_pylist())
    return [
        json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else cell
        for cell in json_cells(column, label, table)
    ]

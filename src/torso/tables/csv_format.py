"""CSV and TSV: all cells are text, and every message names the file and the row."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from torso.core.errors import DataError
from torso.tables.file_format import FileFormat, first_line, not_utf8, open_text
from torso.tables.json_format import json_cells
from torso.tables.names import check_names

__all__ = ["SeparatedText"]

_BLOCK_BYTES = (1 << 24, (1 << 31) - 1)  # the second where a row does not fit into the first


class SeparatedText(FileFormat):
    """Rows of cells between separators.

    Args:
        suffixes: endings of such files.
        separator: between two cells.
    """

    typed: ClassVar[bool] = False

    def __init__(self, *suffixes: str, separator: str) -> None:
        super().__init__(*suffixes)
        self.separator = separator

    def read(self, path: Path) -> pa.Table:
        """Return every column as text."""
        from pyarrow import csv as arrow_csv

        header = self._header(path)
        strings = dict.fromkeys(header, pa.large_string())
        # A cell may be long (a paragraph, a vector): a block must hold its whole row.
        for block_bytes in _BLOCK_BYTES:
            try:
                table = arrow_csv.read_csv(
                    str(path),
                    read_options=arrow_csv.ReadOptions(block_size=block_bytes),
                    parse_options=arrow_csv.ParseOptions(
                        delimiter=self.separator, newlines_in_values=True
                    ),
                    convert_options=arrow_csv.ConvertOptions(column_types=strings, null_values=[]),
                )
                return table.rename_columns([name.strip() for name in header])
            except pa.ArrowInvalid as error:
                if "straddling" not in str(error):
                    raise self._problem(path, len(header), error) from error
        raise DataError(
            f"{path.name} has a row of more than 2 GB. Store such cells in files of their own."
        )

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

    def _header(self, path: Path) -> list[str]:
        try:
            with open_text(path) as text:
                rows = csv.reader(text, delimiter=self.separator)
                header = next((row for row in rows if row), None)
        except UnicodeDecodeError as error:
            raise not_utf8(path) from error
        except csv.Error as error:
            raise DataError(f"{path.name}, line 1: the header cannot be read: {error}.") from error
        if header is None:
            raise DataError(f"{path.name} is empty.")
        check_names([name.strip() for name in header], path.name)
        return header

    def _problem(self, path: Path, width: int, error: Exception) -> DataError:
        """Return the error that names the first row which is not `width` cells of UTF-8."""
        try:
            with open_text(path) as text:
                reader = csv.reader(text, delimiter=self.separator)
                rows = (row for row in reader if row)
                for row_number, row in enumerate(rows):  # the header is row 0
                    if len(row) != width:
                        return DataError(
                            f"{path.name}, row {row_number} (line {reader.line_num}): {len(row)} cells where the "
                            f"header has {width}. Quote the cells that hold {self.separator!r} or a line break."
                        )
        except UnicodeDecodeError:
            return not_utf8(path)
        except csv.Error as csv_error:
            error = csv_error
        return DataError(f"{path.name} cannot be read as a table: {first_line(error)}")


def _as_text(column: pa.ChunkedArray, label: str, table: str) -> list[object]:
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return list(column.cast(pa.large_string()).to_pylist())
    return [
        json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else cell
        for cell in json_cells(column, label, table)
    ]

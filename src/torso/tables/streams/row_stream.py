"""The contract of a table that is read a piece at a time: each piece equals the same rows of the whole.

A piece has the types that its columns have in the whole table, so an answer does not depend on where a piece ends.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa

from torso.core.errors import DataError
from torso.tables.names import settled_names
from torso.tables.table import Table, as_table
from torso.tables.types.memory import from_arrow

__all__ = ["NeedsWholeError", "RowStream", "regrouped", "skipping"]


class NeedsWholeError(Exception):
    """A table whose columns or rows mean something only when all of them are seen; the message says why."""


class RowStream(ABC):
    """A table on disk.

    Args:
        path: of the table.
        names: of its columns as written.
        notes: sentences about how it is read.

    Attributes:
        rows: their number.
        names: of the columns, settled.
        typed: text is text; in a CSV it may be anything.
    """

    typed = True

    def __init__(self, path: Path, names: Sequence[str], notes: Sequence[str] = ()) -> None:
        self.path = path
        self.name = path.name
        self.names, renamed = settled_names(names, path.name)
        self.notes = (*notes, *renamed)
        self.rows = 0

    @property
    def folder(self) -> Path:
        """Folder that file columns are relative to."""
        return self.path.parent

    @abstractmethod
    def batches(self, start: int, columns: Sequence[int]) -> Iterator[pa.Table]:
        """Yield the rows from `start` on in tables of any size.

        Args:
            start: first row, from 0.
            columns: positions of the columns to read, in rising order.
        """

    def of_columns(self, columns: Sequence[str]) -> None:
        """Refuse columns whose cells cannot be read a piece at a time. Default: all can.

        Args:
            columns: settled names of those that will be read.

        Raises:
            NeedsWholeError: a column's cells mean something only beside all others.
        """

    def pieces(
        self, size: int, columns: Sequence[str], missing: Sequence[str] = (), start: int = 0
    ) -> Iterator[Table]:
        """Yield the table in pieces of `size` rows, the last of the rest.

        Args:
            size: rows of a piece.
            columns: settled names of those to read; others are left out.
            missing: further texts that mean "no value".
            start: first row, from 0.
        """
        places = [place for place, name in enumerate(self.names) if name in {*columns}]
        names = [self.names[place] for place in places]
        try:
            for data in regrouped(self.batches(start, places), size):
                raw = from_arrow(data.rename_columns(names))
                table = as_table(raw, self.name, self.folder, missing)
                rows = np.arange(start, start + table.rows)
                yield replace(table, original_rows=rows, typed=self.typed)
                start += table.rows
        except (OSError, pa.ArrowException) as error:
            self._damaged(error)

    def _damaged(self, error: Exception) -> NoReturn:
        said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise DataError(f"{self.name} is damaged: {said.rstrip('.')}.") from error


def regrouped(batches: Iterator[pa.Table], size: int) -> Iterator[pa.Table]:
    """Yield the rows of tables in tables of `size` rows, the last of the rest.

    >>> parts = iter([pa.table({"a": [1, 2, 3]}), pa.table({"a": [4, 5]})])
    >>> [part["a"].to_pylist() for part in regrouped(parts, 2)]
    [[1, 2], [3, 4], [5]]
    """
    held: list[pa.Table] = []
    count = 0
    for batch in batches:
        held.append(batch)
        count += batch.num_rows
        while count >= size:
            whole = pa.concat_tables(held)
            yield whole.slice(0, size)
            count = whole.num_rows - size
            held = [whole.slice(size)] if count else []  # an empty slice would keep all before it
    if count:
        yield pa.concat_tables(held)


def skipping(batches: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Yield tables without their first rows together."""
    for batch in batches:
        if rows >= batch.num_rows:
            rows -= batch.num_rows
            continue
        yield batch.slice(rows) if rows else batch
        rows = 0

"""Rows of the table that a run was fitted on, where the table is still at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from torso.columns.inputs import MediaInput
from torso.columns.media.files import MediaError, MediaFiles
from torso.columns.media_column import references_of
from torso.core.errors import TorsoError
from torso.reports.material import Material
from torso.runs.folder.folder import RunFolder
from torso.runs.folder.stored_split import column_digests
from torso.runs.predicting.asked import ask, reading_of
from torso.tables.table import Table

__all__ = ["TableRows", "rows_at_hand"]

_LARGEST = 300_000_000  # bytes of a table that is read for a few rows


@dataclass(frozen=True, eq=False)
class TableRows:
    """Some rows of a run's table.

    Attributes:
        run: that was fitted on it.
        table: these rows.
        numbers: their positions in the whole table.
        roots: column of files -> where its files lie.
    """

    run: Material
    table: Table
    numbers: Sequence[int]
    roots: dict[str, MediaFiles]

    def cell(self, name: str, number: int) -> object:
        """Return the cell of a column in the row at a position of the whole table; None where it is empty."""
        return self.table.data.column(name)[self.numbers.index(number)].as_py()

    def content(self, name: str, number: int) -> bytes | None:
        """Return the file that a cell names or holds; None if there is none, or it cannot be read."""
        column = self.run.schema.column(self.table, name)
        reference = references_of(column)[self.numbers.index(number)]
        try:
            return None if reference is None else self.roots[name].read(reference)
        except MediaError:
            return None


def rows_at_hand(run: Material, rows: Sequence[int]) -> TableRows | str:
    """Return rows of the table that the held-out answers are of; a reason where it is not at hand.

    Args:
        run: in a folder, with held-out answers.
        rows: positions in the table.
    """
    if run.folder is None or run.held_out is None:
        return "memory"
    try:
        config = RunFolder(run.folder).config()
        given = (
            config.data.test
            if run.held_out.split == "test" and config.data.test
            else config.data.table
        )
        if given is None or not Path(given).expanduser().is_file():
            return "absent"
        if Path(given).expanduser().stat().st_size > _LARGEST:
            return "large"
        asked = ask(given, run.schema, config.data)
        if not _same(run, asked.table):
            return "other"
        options = reading_of(asked, config.data).options
        roots = {
            name: MediaFiles(options.roots(kind.root))
            for name, kind in run.schema.inputs.items()
            if isinstance(kind, MediaInput)
        }
    except (TorsoError, OSError):
        return "unread"
    return TableRows(run, asked.table.take(np.array(rows)), list(rows), roots)


def _same(run: Material, table: Table) -> bool:
    """Return whether a table holds the rows of the held-out answers."""
    held_out = run.held_out
    if held_out is None or table.rows != held_out.table_rows:
        return False
    digests = column_digests(table)
    both = held_out.digests.keys() & digests.keys()
    return all(held_out.digests[name] == digests[name] for name in both)

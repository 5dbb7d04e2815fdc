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
from torso.runs.predicting.asked import ask, reading_of
from torso.runs.settings.config import RunConfig
from torso.studies.rows import table_of_fit
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


def rows_at_hand(run: Material, rows: Sequence[int], given: object = None) -> TableRows | str:
    """Return rows of the table that the held-out answers are of; a reason where it is not at hand.

    Args:
        run: with held-out answers.
        rows: positions in the table.
        given: that table, where it is not where it was; None: where the run found it.
    """
    if run.held_out is None:
        return "old"
    if run.folder is None and given is None:
        return "memory"
    try:
        config = RunConfig.model_validate(run.config)
        table = given
        if table is None:
            path = table_of_fit(config.data, run.folder, test=run.held_out.split == "test")
            if path is None or (isinstance(path, Path) and not path.is_file()):
                return "absent"
            if isinstance(path, Path) and path.stat().st_size > _LARGEST:
                return "large"
            table = path
        asked = ask(table, run.schema, config.data)
        if not run.held_out.are_of(asked.table):
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

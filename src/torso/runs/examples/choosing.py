"""Example rows: up to five rows without labels, at most 2 MB with their files, the rows with fewest gaps first.

At a fit they come from the rows that the report is about, which the run did not learn from. Numbers that a text file spells
in its own way are plain numbers here, so that a form can show them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from torso.columns import cells
from torso.columns.cells import is_text
from torso.columns.inputs import Input, MediaInput
from torso.columns.inputs.number import NumberInput
from torso.columns.media.files import MediaError, MediaFiles
from torso.columns.media_column import references_of
from torso.columns.reading import Reading, ReadOptions
from torso.core.notes import Telling
from torso.runs.examples.small_files import small_file
from torso.runs.folder.examples_file import Examples
from torso.runs.preparing.options import read_options
from torso.runs.preparing.prepared import Prepared
from torso.runs.schema.schema import Schema
from torso.tables.table import Table

__all__ = ["MOST_BYTES", "MOST_ROWS", "chosen_rows", "examples_note", "examples_of"]

MOST_ROWS = 5
MOST_BYTES = 2_000_000
_TRIED = 4  # times as many rows as are wanted: some are too large


def examples_of(prepared: Prepared, most: int) -> Examples | None:
    """Return example rows of a preparation: test rows, or validation rows without any; None if none fits.

    Args:
        prepared: of the run.
        most: rows.
    """
    part = prepared.parts["test" if len(prepared.parts["test"].rows) else "validation"]
    if not most or not len(part.rows):
        return None
    present = [source.present()[part.rows] for source in part.dataset.sources.values()]
    fullest = np.argsort(-np.sum(present, axis=0), kind="stable")
    full = int(np.sum(np.sum(present, axis=0) == np.max(np.sum(present, axis=0))))
    spread = np.linspace(0, full - 1, min(full, _TRIED * most)).round().astype(int)
    order = [*_far_apart(fullest[spread]), *fullest[full : full + most]]
    options = read_options(prepared.config.data, part.table)
    return chosen_rows(part.table, prepared.schema, options, part.rows[order], most)


def chosen_rows(
    table: Table,
    schema: Schema,
    options: ReadOptions,
    order: Sequence[int] | np.ndarray,
    most: int = MOST_ROWS,
) -> Examples | None:
    """Return the first rows that are small enough; None without any.

    Args:
        table: has all inputs of the run.
        schema: of the run.
        options: how cells are read.
        order: positions of rows, the best first.
        most: rows.
    """
    kept: list[int] = []
    columns: dict[str, list[pa.Array]] = {name: [] for name in schema.inputs}
    left = MOST_BYTES
    for position in order:
        if len(kept) == min(most, MOST_ROWS):
            break
        row = _row(table.take(np.array([position])), schema, options)
        size = sum(cell.nbytes for cell in row.values())
        if size > left // (min(most, MOST_ROWS) - len(kept)):
            continue
        left -= size
        kept.append(int(position))
        for name, cell in row.items():
            columns[name].append(cell)
    if not kept:
        return None
    rows = pa.table({name: _joined(parts) for name, parts in columns.items()})
    numbers = np.array(kept) if table.original_rows is None else table.original_rows[kept]
    return Examples(rows, tuple(f"row {number + 1} of {table.name}" for number in numbers))


def examples_note(examples: Examples) -> str:
    """Return the note of a fit on the rows that its folder holds."""
    listed, of, table = [], " of ", ""
    for name in examples.names:
        number, _, table = name.removeprefix("row ").partition(of)
        listed.append(number)
    return Telling(
        f"The run's folder holds inputs of held-out rows, {examples.rows.nbytes / 1000:,.0f} kB and no labels, for whoever "
        f"tries it: row {', '.join(listed)} of {table}. Without them: --set examples=0"
    )


def _far_apart(rows: np.ndarray) -> Iterator[int]:
    """Yield all of the rows; however many are taken, they lie far apart."""
    step = max(1, len(rows) // MOST_ROWS)
    for first in range(step):
        yield from rows[first::step].tolist()


def _row(row: Table, schema: Schema, options: ReadOptions) -> dict[str, pa.Array]:
    """Return column -> its cell, an array of one."""
    files = sum(isinstance(kind, MediaInput) for kind in schema.inputs.values())
    most = MOST_BYTES // MOST_ROWS // max(1, files)
    return {name: _cell(row, name, schema, options, most) for name in schema.inputs}


def _cell(row: Table, name: str, schema: Schema, options: ReadOptions, most: int) -> pa.Array:
    kind, column = schema.inputs[name], schema.column(row, name)
    if isinstance(kind, MediaInput):
        (reference,) = references_of(column)
        try:
            data = (
                None if reference is None else MediaFiles(options.roots(kind.root)).read(reference)
            )
        except MediaError:
            data = None
        small = None if data is None else small_file(data, kind, most)
        return pa.array([small], pa.large_binary())
    if _spelled(kind) and is_text(column.values):
        assert isinstance(kind, NumberInput)
        reading = Reading(replace(options, on_error="missing"))
        value = float(cells.amounts(column, reading, kind.format).middle[0, 0])
        return pa.array([value if np.isfinite(value) else None], pa.float64())
    return column.values


def _spelled(kind: Input) -> bool:
    """Return whether the cells of a kind are single numbers, which may be written with a decimal comma."""
    return isinstance(kind, NumberInput) and not kind.format.forms and not kind.format.units


def _joined(parts: Sequence[pa.Array]) -> pa.Array:
    """Return cells as one array; empty ones have no type of their own."""
    typed = [part.type for part in parts if not pa.types.is_null(part.type)]
    if not typed:
        return pa.nulls(len(parts))
    return pa.concat_arrays([part.cast(typed[0]) for part in parts])

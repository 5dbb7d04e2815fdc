"""Rows that a run is judged on, from its folder or from a table, with the table's other columns where these are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import pyarrow as pa

from torso.core.errors import ConfigError, DataError
from torso.runs.predicting.held_out_again import held_out_again
from torso.runs.predicting.load import load
from torso.runs.predicting.predictor import Predictor
from torso.runs.preparing.gather import found_beside
from torso.runs.report.held_out import HeldOut
from torso.runs.settings.sections import DataConfig
from torso.tables.databases import is_address
from torso.tables.table import Table, read_table

__all__ = ["JudgedRows", "judged_rows", "opened", "own_table", "table_of_fit", "without_columns"]


@dataclass(frozen=True)
class JudgedRows:
    """Rows with answers and truths.

    Attributes:
        held_out: the rows.
        table: the same rows with all columns; None where no table was needed.
        notes: sentences on which rows they are and how the table was read.
    """

    held_out: HeldOut
    table: Table | None = None
    notes: tuple[str, ...] = ()


def opened(run: Predictor | str | Path) -> Predictor:
    """Return a run that was given as an object or as its folder."""
    if isinstance(run, Predictor):
        return run
    if isinstance(run, str | PathLike):
        return load(run)
    raise ConfigError(
        f"`run` should be a run or its folder. Found {type(run).__name__}. Open one: torso.load(FOLDER)."
    )


def judged_rows(
    run: Predictor, table: object = None, *, root: Sequence[str | Path] = (), columns: bool = False
) -> JudgedRows:
    """Return the rows that a run is judged on.

    Without a table these are the held-out rows of the fit. Of the table of the fit they are the held-out rows, too; of any
    other table all rows.

    Args:
        run: to judge.
        table: with labels, as for `Predictor.evaluate`; None: the held-out rows.
        root: folders or zips that file columns are relative to.
        columns: other columns of the rows are needed, so that without a table that of the fit is read again.

    Raises:
        ConfigError: the run keeps no held-out answers, and no table is given.
        DataError: the table of the fit is needed and cannot be read, or has changed.
        RunError: the run keeps no held-out answers, and those to the rows of this table, its own, cannot be made again.
    """
    held_out = run.held_out
    if table is None:
        if held_out is None:
            raise ConfigError(
                "This run keeps no answers to its held-out rows: an earlier version of Torso wrote it. Give a table with "
                "labels that it has not learnt from."
            )
        return JudgedRows(held_out, own_table(run, held_out) if columns else None)
    source = read_table(table, missing=run.config.data.missing, settings=run.config.data.text)
    if held_out is not None and held_out.are_of(source):
        note = (
            f"{source.name} is the table of the fit: judged on its {len(held_out.rows):,} {held_out.split} rows, whose answers "
            "the run keeps."
        )
        return JudgedRows(held_out, source.take(held_out.rows), (note,))
    if held_out is None and run.split is not None and not run.split.unlike(source):
        held_out = held_out_again(run, source, root=root)
        note = f"{source.name} is the table of the fit: judged on its {len(held_out.rows):,} {held_out.split} rows."
        return JudgedRows(held_out, source.take(held_out.rows), (note,))
    evaluation = run.evaluate(source, root=root, resamples=0, details=True)
    assert evaluation.held_out is not None
    return JudgedRows(evaluation.held_out, source, evaluation.notes)


def own_table(run: Predictor, held_out: HeldOut) -> Table:
    """Return the held-out rows with all columns of their table, which is read again.

    Raises:
        DataError: it was in memory, is gone, or has changed.
    """
    data = run.config.data
    path = table_of_fit(data, run.folder, test=held_out.split == "test")
    cure = "Give the table, too."
    if path is None:
        raise DataError(f"The run was fitted on a table in memory. {cure}")
    if isinstance(path, Path) and not path.exists():
        raise DataError(f"The table of the fit, {str(path)!r}, is not there. {cure}")
    source = read_table(path, missing=data.missing, settings=data.text)
    if not held_out.are_of(source):
        raise DataError(f"{str(path)!r} no longer holds the rows of the fit. {cure}")
    return source.take(held_out.rows)


def table_of_fit(data: DataConfig, folder: Path | None, *, test: bool) -> str | Path | None:
    """Return where the table that a run was fitted on should lie, or the query of it; None if it was in memory.

    Args:
        data: of the run's config.
        folder: of the run, which the table may lie beside; None if it is in memory.
        test: the run's own table of test rows, if it has one.
    """
    given = data.test if test and data.test is not None else data.table
    if given is None:
        return None
    if is_address(given):
        return given
    return Path(found_beside(given, None if folder is None else folder / "run.yaml")).expanduser()


def without_columns(table: Table, columns: Sequence[str]) -> Table:
    """Return the table with some columns emptied."""
    data = table.data
    for name in columns:
        data = data.set_column(data.column_names.index(name), name, pa.nulls(table.rows))
    return replace(table, data=data)

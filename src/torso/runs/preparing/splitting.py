"""The rows of each part of a run: drawn, by time, or as another run had them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torso.columns.row_times import RowTimes, row_times, split_note
from torso.columns.splits import Split, split_rows
from torso.core.errors import ConfigError, RunError
from torso.runs.folder.folder import RunFolder
from torso.runs.preparing.gather import found_beside
from torso.runs.settings.config import RunConfig
from torso.tables.table import Table

__all__ = ["draw_split", "times_of"]


def draw_split(
    config: RunConfig, table: Table, own: Mapping[str, Table], origin: object
) -> tuple[Split, list[str]]:
    """Return the rows of each part, and notes about them.

    Args:
        config: its inputs have kinds.
        table: to split.
        own: parts that have a table of their own.
        origin: the config's path, beside which another run is looked for.

    Raises:
        ConfigError: settings that contradict each other.
        DataError: a column of the split is absent or says nothing of use, or a part has no row.
        RunError: no run to take a split from.
    """
    said = config.data.split
    if said.like is not None:
        return _as_in(said.like, config, table, origin), []
    times = times_of(config, table)
    if times is not None:
        times.check_several(table.column(times.column))
    shares = {
        name: 0.0 if name in own else share
        for name, share in {"test": said.test, "validation": said.validation}.items()
    }
    split = split_rows(
        table,
        **shares,
        stratify=said.stratify,
        group=said.group,
        column=said.column,
        times=times,
        seed=config.seed if said.seed is None else said.seed,
    )
    if times is None:
        return split, []
    parts = {"training": split.train, "validation": split.validation, "test": split.test}
    return split, [split_note(parts, times, sum(shares.values()), said.group)]


def _as_in(like: str, config: RunConfig, table: Table, origin: object) -> Split:
    """Return the split of another run on the same rows."""
    said = config.data.split
    if said.stratify is not None or said.column is not None:
        raise ConfigError(
            "`data.split` should name `like` or say how to draw (`stratify`, `column`), not both."
        )
    run = RunFolder(Path(found_beside(like, origin)))
    stored = run.split()
    if stored is None:
        raise RunError(
            f"`data.split.like`: {str(run.path)!r} holds no split.parquet: it is no run, or an earlier version "
            "of Torso wrote it. Fit it again, or name another run."
        )
    return stored.for_table(table, like)


def times_of(config: RunConfig, table: Table) -> RowTimes | None:
    """Return the times of a table's rows by `data.split.time`; None without it.

    A column that is an input too is read as that reads it.
    """
    name = config.data.split.time
    if name is None:
        return None
    spec = config.inputs.get(name, {})
    formats = spec.get("format") or () if spec.get("kind") == "datetime" else ()
    pivot = spec.get("pivot") if formats else None
    return row_times(table, name, [formats] if isinstance(formats, str) else formats, pivot)

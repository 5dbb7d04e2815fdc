"""A table that is laid out, with fewer of its columns; no file is read again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from torso.columns.dataset import Dataset
from torso.columns.reading import Reading, ReadOptions
from torso.columns.sources import CellFacts, Source
from torso.core.errors import ConfigError, unknown
from torso.runs.schema.schema import Schema
from torso.tables.table import Table

__all__ = ["kept_names", "restricted_dataset"]


def kept_names(room: str, names: Sequence[str] | None, known: Collection[str]) -> list[str]:
    """Return the names to keep, in the order in which they are known; None keeps all.

    Raises:
        ConfigError: an unknown name, or none at all.
    """
    if names is None:
        return list(known)
    for name in names:
        if name not in known:
            raise ConfigError(unknown(room.removesuffix("s"), name, list(known)))
    if not names:
        raise ConfigError(f"`{room}` should keep at least one of {list(known)}. Found none.")
    return [name for name in known if name in names]


def restricted_dataset(
    dataset: Dataset, before: Schema, after: Schema, table: Table, options: ReadOptions
) -> Dataset:
    """Return a table laid out for the schema of some of its columns.

    Args:
        dataset: of all columns.
        before: their schema.
        after: the schema of those that stay, fitted.
        table: that is laid out.
        options: how its cells are read.
    """
    names = {tuple(modality.columns): name for name, modality in before.modalities.items()}
    sources: dict[str, Source] = {}
    sizes: dict[str, CellFacts] = {}
    for name, modality in after.modalities.items():
        old = names.get(tuple(modality.columns))
        if old is None:  # some columns of several, which are values and no files
            columns = {column: after.column(table, column) for column in modality.columns}
            sources[name] = modality.source(columns, Reading(options))
            continue
        sources[name] = dataset.sources[old]
        if old in dataset.sizes:
            sizes[name] = dataset.sizes[old]
    return replace(
        dataset,
        sources=sources,
        targets={task: dataset.targets[task] for task in after.targets},
        sizes=sizes,
    )

"""Options for reading the cells of a run's tables, from its config."""

from __future__ import annotations

from collections.abc import Callable

from torso.cache.store import cache_root
from torso.columns.reading import ReadOptions
from torso.core.notes import warn
from torso.runs.settings.sections import DataConfig
from torso.tables.table import Table

__all__ = ["read_options"]


def read_options(
    data: DataConfig,
    table: Table,
    progress: Callable[[str, int, int], None] | None = None,
    noted: Callable[[str], None] = warn,
) -> ReadOptions:
    """Return how the cells of a table are read.

    Args:
        data: section of the config.
        table: knows its folder.
        progress: called with `(column, done, total)` while files are decoded.
        noted: called with a note for the user.
    """
    return ReadOptions(
        folder=table.folder,
        default_root=data.root,
        cache=cache_root(data.cache),
        on_error=data.on_error,
        most_skipped=data.most_skipped,
        progress=progress,
        noted=noted,
    )

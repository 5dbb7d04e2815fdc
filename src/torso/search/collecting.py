"""From a folder or a table to a collection: only new items are encoded, and missing ones dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from torso.cache.keys import KeyTable, as_keys
from torso.columns.digests import joined_digests
from torso.columns.reading import Reading, ReadOptions
from torso.core.errors import DataError, MissingDependency
from torso.runs.schema.modality import Modality
from torso.search.collection import Collection
from torso.search.corpus import Corpus
from torso.search.nearest import Graph
from torso.search.space import Space
from torso.search.store import Store, Vectors
from torso.tables.table import Table

__all__ = ["GRAPH_FROM", "collect"]

GRAPH_FROM = 50_000
"""Vectors from which a graph of neighbours is used."""


def collect(
    space: Space,
    corpus: Corpus,
    modality: Modality,
    *,
    root: str | Path | Sequence[str | Path] = (),
    exact: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Collection:
    """Return a folder or a table ready to be searched: as `Searcher.collection` describes."""
    run, task = space.run, space.task
    table = corpus.table(modality)
    reading = Reading(
        ReadOptions(
            folder=table.folder,
            root=corpus.roots([root] if isinstance(root, str | Path) else root),
            default_root=run.config.data.root,
            on_error=run.config.data.on_error,
            most_skipped=1.0,
            in_pieces=True,
        )
    )
    store = None
    if run.folder is not None and corpus.identity is not None:
        store = Store(run.folder, task, modality.name, corpus.identity)
    width = space.head.width
    known = store.read(width) if store else Vectors.none(width)
    stamps = _stamps(modality, table, reading)

    def encoded(rows: np.ndarray) -> Tensor:
        return space.encode(modality, table.take(rows), reading, progress)

    vectors = _brought_up(known, stamps, encoded, reading)
    slots = _slots_in(vectors.stamps, stamps)
    notes = _unread(table, modality, stamps, slots, vectors, reading)
    if not (slots >= 0).any():
        raise DataError(
            f"{table.name}: nothing of {modality.name!r} can be read. {' '.join(notes) or 'Every cell is empty.'}"
        )
    graph = None
    if store is not None:
        if vectors is not known:
            _written(store, vectors, notes)
        if len(vectors.stamps) >= GRAPH_FROM and not exact:
            graph = _graph(store, vectors, notes, progress)
    return Collection(space, modality.name, corpus, table, slots, vectors, graph, tuple(notes))


def _stamps(modality: Modality, table: Table, reading: Reading) -> np.ndarray:
    """Return uint8 `[rows, 16]`, which change when a row's cells of the modality do; zeros where all are empty."""
    each = [kind.stamps(table.column(name), reading) for name, kind in modality.columns.items()]
    return each[0] if len(each) == 1 else joined_digests(each)


def _brought_up(
    known: Vectors,
    stamps: np.ndarray,
    encoded: Callable[[np.ndarray], Tensor],
    reading: Reading,
) -> Vectors:
    """Return the vectors of these stamps; `known` itself if nothing changed.

    Args:
        known: vectors so far.
        stamps: uint8 `[rows, 16]`; zeros have no vector.
        encoded: returns the vectors of some rows, zeros for those that cannot be read.
        reading: notes why a row cannot be read.
    """
    slots = _slots_in(known.stamps, stamps)
    hexed = {row: stamps[row].tobytes().hex() for row in np.flatnonzero(slots < 0).tolist()}
    unreadable = {
        stamp: known.unreadable[stamp] for stamp in hexed.values() if stamp in known.unreadable
    }
    new: dict[str, int] = {}
    for row, stamp in hexed.items():
        if stamps[row].any() and stamp not in unreadable:
            new.setdefault(stamp, row)
    used = np.unique(slots[slots >= 0])
    if not new and len(used) == len(known.stamps) and len(unreadable) == len(known.unreadable):
        return known
    rows = np.array([*new.values()], np.int64)
    values = encoded(rows)
    there = values.any(dim=1)
    reasons = {cell.row: cell.reason for cell in reading.log.skipped}
    for row, readable in zip(rows.tolist(), there.tolist(), strict=True):
        if not readable:
            unreadable[hexed[row]] = reasons.get(row + 1, "nothing in it")
    return Vectors(
        np.concatenate([known.stamps[used], stamps[rows[there.numpy()]]]),
        torch.cat([known.values[torch.from_numpy(used)], values[there]]),
        unreadable,
    )


def _slots_in(known: np.ndarray, stamps: np.ndarray) -> np.ndarray:
    """Return int64 `[rows]`: the slot of each stamp among the known ones; -1 if it is unknown or empty."""
    table = KeyTable()
    table.extend(as_keys(known), 0)
    return np.where(stamps.any(axis=1), table.find(as_keys(stamps)), -1)


def _unread(
    table: Table,
    modality: Modality,
    stamps: np.ndarray,
    slots: np.ndarray,
    vectors: Vectors,
    reading: Reading,
) -> list[str]:
    """Return a sentence if something cannot be read, now or since an earlier time."""
    reasons = {cell.row - 1: cell.reason for cell in reading.log.skipped}
    for row in np.flatnonzero(slots < 0).tolist():
        reason = vectors.unreadable.get(stamps[row].tobytes().hex())
        if reason is not None:
            reasons[row] = reason
    if not reasons:
        return []
    first = min(reasons)
    cell = str(table.data.column(next(iter(modality.columns)))[first])
    return [
        f"{len(reasons)} of {table.rows} cannot be read and are left out; the first: row {first + 1}, {cell[:200]!r}: "
        f"{reasons[first]}."
    ]


def _written(store: Store, vectors: Vectors, notes: list[str]) -> None:
    try:
        store.write(vectors)
    except OSError as error:
        notes.append(f"The vectors cannot be kept in {store.folder}: {error.strerror or error}.")


def _graph(
    store: Store,
    vectors: Vectors,
    notes: list[str],
    progress: Callable[[int, int], None] | None,
) -> Graph | None:
    """Return the graph, or note why there is none."""
    try:
        return store.graph(vectors, progress)
    except MissingDependency:
        notes.append(
            f"All {len(vectors.stamps):,} vectors are compared one by one; with pip install 'torso[search]' a graph "
            "of neighbours answers faster."
        )
    except OSError as error:
        notes.append(f"The graph cannot be kept in {store.folder}: {error.strerror or error}.")
    return None

"""One pass over a table's cells: where files lie, which are cached, what could not be read.

A `Reading` is handed to every kind that lays out a column. It decodes media files on all cores, each
content once per cache, and keeps the list of skipped cells, which becomes `skipped.jsonl`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from torso.data.cache.stamps import StampMemo
from torso.data.cache.store import FeatureStore, content_digest
from torso.data.cells import is_text
from torso.data.media.files import MediaError, MediaFiles
from torso.data.sources import ListSource, Source
from torso.data.tables.table import Column
from torso.errors import DataError

__all__ = ["Decoder", "OnError", "Reading", "Skipped", "StoredSource"]

OnError = Literal["missing", "fail"]
_WINDOW = 512
_PROBE = 8
_WORTH_A_THREAD = 0.0005  # seconds per file


@dataclass(frozen=True)
class Decoder:
    """What turns a file's bytes into features.

    Attributes:
        settings: everything that shapes the features, as JSON values; the cache's key.
        decode: bytes -> `[length, *tail]`; raises `MediaError`.
        dtype: of the features.
        tail: shape of one step.
        fixed: the length that every file has; None if lengths differ.
    """

    settings: Mapping[str, Any]
    decode: Callable[[bytes], np.ndarray]
    dtype: np.dtype[Any]
    tail: tuple[int, ...]
    fixed: int | None = None


@dataclass(frozen=True)
class Skipped:
    """A cell that counts as missing although it holds something; `row` counts from 1."""

    table: str
    row: int
    column: str
    cell: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return asdict(self)


@dataclass
class Reading:
    """How to read cells, and what was skipped.

    Attributes:
        folder: the table's folder, which paths are relative to.
        root: folders or zips to look in instead of a column's own root, before the table's folder.
        default_root: folders or zips to look in where a column has no root of its own.
        cache: root of the feature cache; None decodes anew and keeps nothing.
        on_error: `missing` counts an unreadable file as a gap; `fail` raises at the first.
        most_skipped: share of a column's cells that may be skipped before it is an error.
        progress: called with `(column, done, total)` while files are decoded.
        decoded: files decoded so far, per column.
        skipped: cells skipped so far.
        in_pieces: whether the columns come piece by piece; whoever hands them out then calls `check` at the end.
        files: cells that name or hold a file so far, per column.
        unreadable: those of them that were skipped.
    """

    folder: Path | None = None
    root: Sequence[str | Path] = ()
    default_root: Sequence[str | Path] = ()
    cache: Path | None = None
    on_error: OnError = "missing"
    most_skipped: float = 0.2
    progress: Callable[[str, int, int], None] | None = None
    decoded: dict[str, int] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    in_pieces: bool = False
    files: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, list[Skipped]] = field(default_factory=dict)

    def skip(self, column: Column, row: int, cell: str, reason: str) -> None:
        """Count a cell (`row` from 0) as missing, and say why."""
        self.skipped.append(
            Skipped(column.table, column.number(row), column.name, cell[:200], reason)
        )

    def media(
        self, column: Column, decoder: Decoder, root: str | Sequence[str] | None = None
    ) -> Source:
        """Return the features of a column of files.

        Raises:
            DataError: a root is absent; with `on_error: fail`, the first unreadable file; otherwise, more
                than `most_skipped` of the files are unreadable.
        """
        files = MediaFiles(self._roots(root))
        cells = _references(column)
        before = len(self.skipped)
        source = (
            _decode_all(self, files, column, cells, decoder)
            if self.cache is None
            else _decode_new(self, self.cache, files, column, cells, decoder)
        )
        name = column.name
        self.files[name] = self.files.get(name, 0) + sum(cell is not None for cell in cells)
        self.unreadable.setdefault(name, []).extend(self.skipped[before:])
        if not self.in_pieces:
            self.check()
        return source

    def check(self) -> None:
        """Raise a DataError if more than `most_skipped` of a column's files are unreadable."""
        for column, files in self.files.items():
            self._check_share(column, files, self.unreadable[column])

    def failed(self, column: Column, row: int, cell: str | bytes, error: MediaError) -> None:
        """Deal with a file that cannot be used."""
        name = cell if isinstance(cell, str) else f"<{len(cell)} bytes>"
        if self.on_error == "fail":
            raise column.error(row, f"{name!r}: {error}. Correct it, or use data.on_error=missing")
        self.skip(column, row, name, str(error))

    def _roots(self, own: str | Sequence[str] | None) -> list[Path]:
        named = self.root or ([own] if isinstance(own, str) else own) or self.default_root
        folder = self.folder or Path()
        found = [(folder / root if (folder / root).exists() else Path(root)) for root in named]
        return [*found, folder]

    def _check_share(self, column: str, files: int, skipped: Sequence[Skipped]) -> None:
        if len(skipped) <= self.most_skipped * files:
            return
        first = "; ".join(f"row {one.row}: {one.cell!r}: {one.reason}" for one in skipped[:3])
        raise DataError(
            f"{skipped[0].table}, column {column!r}: {len(skipped)} of {files} files cannot be read, more than "
            f"the {self.most_skipped:.0%} allowed ({first}). If the paths are relative to another folder or to "
            "a zip, name it with --set data.root=FOLDER; to go on with the gaps, raise data.most_skipped."
        )


class StoredSource:
    """Features that lie in the cache.

    Args:
        store: the cache of these settings.
        items: int64 `[rows]`, -1 where the modality is missing.
        fixed: the length that every item has; None if lengths differ.
    """

    def __init__(self, store: FeatureStore, items: np.ndarray, fixed: int | None) -> None:
        self.store = store
        self.items = items
        self.fixed = fixed

    def __len__(self) -> int:
        return len(self.items)

    def present(self) -> np.ndarray:
        """Return where there is an item."""
        return np.asarray(self.items >= 0)

    def batch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the rows padded with zeros."""
        items = self.items[rows]
        values, lengths = self.store.gather(items)
        if values.shape[1] == 0:
            values = np.zeros((len(items), self.fixed or 1, *self.store.tail), self.store.dtype)
        if self.fixed:
            return values, lengths > 0
        return values, np.arange(values.shape[1]) < lengths[:, None]


def _references(column: Column) -> list[str | bytes | None]:
    """Return each cell's path or bytes, None where the cell is empty."""
    values = column.values
    plain = (
        is_text(values)
        or pa.types.is_large_string(values.type)
        or pa.types.is_binary(values.type)
        or pa.types.is_large_binary(values.type)
        or pa.types.is_null(values.type)
    )
    if not plain:
        raise column.error(0, f"expected paths of files or their bytes, found {values.type}")
    return [cell or None for cell in values.to_pylist()]


def _decode_all(
    reading: Reading,
    files: MediaFiles,
    column: Column,
    cells: Sequence[str | bytes | None],
    decoder: Decoder,
) -> Source:
    """Decode every cell into memory."""

    def one(cell: str | bytes | None) -> np.ndarray | MediaError | None:
        if cell is None:
            return None
        try:
            return decoder.decode(files.read(cell))
        except MediaError as error:
            return error

    arrays: list[np.ndarray | None] = []
    for row, result in enumerate(_on_all_cores(one, cells)):
        if isinstance(result, MediaError):
            reading.failed(column, row, cells[row] or "", result)
        arrays.append(None if isinstance(result, MediaError) else result)
    decoded = sum(array is not None for array in arrays)
    reading.decoded[column.name] = reading.decoded.get(column.name, 0) + decoded
    return ListSource(arrays, decoder.tail, decoder.dtype, decoder.fixed)


def _decode_new(
    reading: Reading,
    cache: Path,
    files: MediaFiles,
    column: Column,
    cells: Sequence[str | bytes | None],
    decoder: Decoder,
) -> Source:
    """Decode what the cache does not know yet."""
    store = FeatureStore(cache, decoder.settings, decoder.dtype, decoder.tail)
    items = np.full(len(cells), -1, dtype=np.int64)
    decoded = 0

    def one(
        task: tuple[int, bytes, bytes | None],
    ) -> tuple[int, bytes, bytes, np.ndarray | None] | tuple[int, MediaError]:
        row, stamp, digest = task
        try:
            data = files.read(cells[row] or "")
            digest = content_digest(data)
            known = store.positions(np.frombuffer(digest, np.uint8)[None])[0] >= 0
            return row, stamp, digest, None if known else decoder.decode(data)
        except MediaError as error:
            return row, error

    with StampMemo(cache) as memo, store:
        for start in range(0, len(cells), _WINDOW):
            rows = [row for row in range(start, min(start + _WINDOW, len(cells))) if cells[row]]
            stamped: list[tuple[int, bytes]] = []
            for row in rows:
                try:
                    stamped.append((row, files.stamp(cells[row] or "")))
                except MediaError as error:
                    reading.failed(column, row, cells[row] or "", error)
            if stamped:
                stamps = np.frombuffer(b"".join(stamp for _, stamp in stamped), np.uint8)
                digests, found = memo.lookup(stamps.reshape(-1, 16))
                known = np.where(found, store.positions(digests), -1)
                items[[row for row, _ in stamped]] = known
                tasks = [
                    (row, stamp, None)
                    for (row, stamp), item in zip(stamped, known, strict=True)
                    if item < 0
                ]
                for result in _on_all_cores(one, tasks):
                    if len(result) == 2:
                        reading.failed(column, result[0], cells[result[0]] or "", result[1])
                        continue
                    row, stamp, digest, array = result
                    decoded += array is not None
                    items[row] = (
                        store.positions(np.frombuffer(digest, np.uint8)[None])[0]
                        if array is None
                        else store.add(digest, array)
                    )
                    memo.add(stamp, digest)
            if reading.progress is not None:
                reading.progress(column.name, min(start + _WINDOW, len(cells)), len(cells))
    reading.decoded[column.name] = decoded
    return StoredSource(store, items, decoder.fixed)


def _on_all_cores(function: Callable[[Any], Any], tasks: Sequence[Any]) -> Iterator[Any]:
    """Yield results in order, from one thread per core where that pays.

    Decoders let go of the interpreter lock, but a small file is mostly the interpreter's own work, and two
    threads that quarrel over its lock are half as fast as one. So a few files are timed first.
    """
    began = perf_counter()
    yield from map(function, tasks[:_PROBE])
    seconds = (perf_counter() - began) / _PROBE
    rest = tasks[_PROBE:]
    cores = os.cpu_count() or 1
    if seconds < _WORTH_A_THREAD or cores == 1 or not rest:
        yield from map(function, rest)
        return
    groups = [rest[start : start + 8] for start in range(0, len(rest), 8)]
    with ThreadPoolExecutor(cores) as pool:
        for results in pool.map(lambda group: [function(task) for task in group], groups):
            yield from results

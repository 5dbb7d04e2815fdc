"""One pass over a table's cells: where files lie, which are cached, what could not be read.

A `Reading` is handed to every kind that lays out a column. It decodes media files on all cores, each
content once per cache, and keeps the list of skipped cells, which becomes `skipped.jsonl`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from torso.cache.stamps import StampMemo
from torso.cache.store import FeatureStore, content_digest
from torso.columns.cells import is_text
from torso.columns.decoding import Loaded, decode_files
from torso.columns.media.files import STAMP_BYTES, MediaError, MediaFiles
from torso.columns.sources import ListSource, Source
from torso.core.errors import DataError
from torso.tables.table import Column

__all__ = ["Decoder", "OnError", "Reading", "Skipped", "StoredSource"]

OnError = Literal["missing", "fail"]
_WINDOW = 512
_TELL = 64  # files between two words about the progress


@dataclass(frozen=True)
class Decoder:
    """What turns a file's bytes into features.

    Attributes:
        settings: everything that shapes the features, as JSON values; the cache's key.
        decode: bytes -> `[length, *tail]`; raises `MediaError`. If it can be pickled (no lambda), many small
            files are decoded by several processes.
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

    def stamps(self, column: Column, root: str | Sequence[str] | None = None) -> np.ndarray:
        """Return uint8 `[rows, 16]`: path, size and time of each cell's file, zeros where there is none."""
        files = MediaFiles(self._roots(root))
        found = np.zeros((len(column), STAMP_BYTES), np.uint8)
        for row, cell in enumerate(_references(column)):
            if cell is None:
                continue
            try:
                found[row] = np.frombuffer(files.stamp(cell), np.uint8)
            except MediaError as error:
                self.failed(column, row, cell, error)
        return found

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

    encoded = False

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

    def load(cell: str | bytes | None) -> Loaded:
        return Loaded(None if cell is None else _read(files, cell))

    arrays: list[np.ndarray | None] = []
    with closing(decode_files(cells, load, decoder.decode)) as results:
        for row, (_, result) in enumerate(results):
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
    decoded = 0

    def load(place: int) -> Loaded:
        data = _read(files, cells[unknown[place]] or "")
        if isinstance(data, MediaError):
            return Loaded(data, (place, b""))
        digest = content_digest(data)
        known = store.position(digest) >= 0
        return Loaded(None if known else data, (place, digest))

    with StampMemo(cache) as memo, store:
        items, unknown, stamps = _look_up(reading, files, column, cells, memo, store)
        with closing(decode_files(range(len(unknown)), load, decoder.decode)) as results:
            for done, (loaded, result) in enumerate(results, len(cells) - len(unknown)):
                place, digest = loaded.note
                row = int(unknown[place])
                if isinstance(result, MediaError):
                    reading.failed(column, row, cells[row] or "", result)
                    continue
                decoded += result is not None
                items[row] = store.position(digest) if result is None else store.add(digest, result)
                memo.add(stamps[place].tobytes(), digest)
                if reading.progress is not None and done % _TELL == 0:
                    reading.progress(column.name, done, len(cells))
    if reading.progress is not None:
        reading.progress(column.name, len(cells), len(cells))
    reading.decoded[column.name] = decoded
    return StoredSource(store, items, decoder.fixed)


def _look_up(
    reading: Reading,
    files: MediaFiles,
    column: Column,
    cells: Sequence[str | bytes | None],
    memo: StampMemo,
    store: FeatureStore,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each cell's item, -1 where there is none yet; the rows of files to be read, and their stamps."""
    items = np.full(len(cells), -1, dtype=np.int64)
    unknown = [np.zeros(0, np.int64)]
    unknown_stamps = [np.zeros((0, STAMP_BYTES), np.uint8)]
    for start in range(0, len(cells), _WINDOW):
        rows: list[int] = []
        joined = bytearray()
        for row in range(start, min(start + _WINDOW, len(cells))):
            try:
                if cells[row]:
                    joined += files.stamp(cells[row] or "")
                    rows.append(row)
            except MediaError as error:
                reading.failed(column, row, cells[row] or "", error)
        stamps = np.frombuffer(joined, np.uint8).reshape(-1, STAMP_BYTES)
        digests, found = memo.lookup(stamps)
        known = np.where(found, store.positions(digests), -1)
        items[rows] = known
        unknown.append(np.array(rows, np.int64)[known < 0])
        unknown_stamps.append(stamps[known < 0])
    return items, np.concatenate(unknown), np.concatenate(unknown_stamps)


def _read(files: MediaFiles, cell: str | bytes) -> bytes | MediaError:
    try:
        return files.read(cell)
    except MediaError as error:
        return error

"""A column of media files: each content is decoded once per cache, on all cores.

Each file takes the cheapest of three ways. If its stamp (path, size, time) is known, it is not even read; if its
content is known, it is read but not decoded; otherwise it is decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from torso.cache.keys import content_digest
from torso.cache.stamps import StampMemo
from torso.cache.store import FeatureStore
from torso.columns.cells import is_text
from torso.columns.decoding import Loaded, decode_files
from torso.columns.media.decoder import Decode, Described, FileDecoder
from torso.columns.media.files import STAMP_BYTES, MediaError, MediaFiles
from torso.columns.reading import Reading
from torso.columns.sources import KnownFacts, ListSource, StoredSource
from torso.tables.table import Column
from torso.tables.types.media_cells import MEDIA, file_of

__all__ = ["damage_note", "media_source", "media_stamps", "references_of"]

_WINDOW = 512  # files looked up in the cache at once
_PROGRESS_EVERY = 64  # files


def media_source(
    column: Column,
    reading: Reading,
    decoder: FileDecoder,
    root: str | Sequence[str] | None = None,
) -> ListSource | StoredSource:
    """Return the features of a column of files.

    Args:
        column: paths of files, or their bytes.
        reading: where to look, and where unreadable files are noted.
        decoder: turns a file into features.
        root: the column's own root, see `ReadOptions.roots`.

    Raises:
        DataError: a root is absent; with `on_error="fail"`, the first unreadable file; otherwise, more
            than `most_skipped` of the files are unreadable.
    """
    files = _MediaColumn.of(column, reading, root)
    log, name, before = reading.log, column.name, len(reading.log.skipped)
    cache = reading.options.cache
    source = files.decode_all(decoder) if cache is None else files.decode_new(decoder, cache)
    log.files[name] = log.files.get(name, 0) + sum(cell is not None for cell in files.cells)
    log.unreadable.setdefault(name, []).extend(log.skipped[before:])
    if not reading.options.in_pieces:
        reading.check()
    return source


def media_stamps(
    column: Column, reading: Reading, root: str | Sequence[str] | None = None
) -> np.ndarray:
    """Return uint8 `[rows, 16]`: path, size and time of each cell's file, zeros where there is none."""
    files = _MediaColumn.of(column, reading, root)
    stamps = np.zeros((len(column), STAMP_BYTES), np.uint8)
    for row in range(len(column)):
        stamp = files.stamp(row)
        if stamp is not None:
            stamps[row] = np.frombuffer(stamp, np.uint8)
    return stamps


@dataclass(frozen=True)
class _MediaColumn:
    """A column of files while it is read; a cell names a file or holds its bytes.

    Attributes:
        column: the cells as the table has them.
        reading: where to look, and where unreadable files are noted.
        files: finds and reads the files.
        cells: path or bytes per row, None where the cell is empty.
    """

    column: Column
    reading: Reading
    files: MediaFiles
    cells: Sequence[str | bytes | None]

    @classmethod
    def of(cls, column: Column, reading: Reading, root: str | Sequence[str] | None) -> _MediaColumn:
        """Return `column` ready to be read."""
        return cls(column, reading, reading.files(root), references_of(column))

    def decode_all(self, decoder: FileDecoder) -> ListSource:
        """Decode every cell into memory, with the facts about the files if the decoder tells them."""

        def load(cell: str | bytes | None) -> Loaded[None]:
            return Loaded(None if cell is None else self._read(cell), None)

        arrays: list[np.ndarray | None] = []
        unknown = np.full((1, decoder.facts), np.nan, np.float32)
        facts: list[np.ndarray] = []
        decode: Decode = decoder.describe or decoder.decode
        with closing(decode_files(self.cells, load, decode)) as results:
            for row, (_, result) in enumerate(results):
                features, known = result if isinstance(result, Described) else (result, None)
                if isinstance(features, MediaError):
                    self._failed(row, features)
                arrays.append(None if isinstance(features, MediaError) else features)
                facts.append(unknown if known is None else known)
        decoded = self.reading.log.decoded
        num_decoded = sum(array is not None for array in arrays)
        decoded[self.column.name] = decoded.get(self.column.name, 0) + num_decoded
        source = ListSource(arrays, decoder.tail, decoder.dtype, decoder.fixed)
        if decoder.describe is not None:
            source.facts = KnownFacts(np.concatenate(facts))
        return source

    def decode_new(self, decoder: FileDecoder, cache: Path) -> StoredSource:
        """Decode the files that the cache does not know yet."""
        store = FeatureStore(cache, decoder.settings, decoder.dtype, decoder.tail)
        num_decoded = 0

        def load(index: int) -> Loaded[tuple[int, bytes]]:
            data = self._read(self.cells[unknown[index]] or "")
            if isinstance(data, MediaError):
                return Loaded(data, (index, b""))
            digest = content_digest(data)
            known = store.position(digest) >= 0
            return Loaded(None if known else data, (index, digest))

        with StampMemo(cache) as memo, store:
            items, unknown, stamps = self._look_up(memo, store)
            with closing(decode_files(range(len(unknown)), load, decoder.decode)) as results:
                for done, (loaded, result) in enumerate(results, len(self.cells) - len(unknown)):
                    index, digest = loaded.note
                    row = int(unknown[index])
                    if isinstance(result, MediaError):
                        self._failed(row, result)
                        continue
                    assert not isinstance(result, Described)  # `decode` makes features alone
                    num_decoded += result is not None
                    items[row] = (
                        store.position(digest) if result is None else store.add(digest, result)
                    )
                    memo.add(stamps[index].tobytes(), digest)
                    if done % _PROGRESS_EVERY == 0:
                        self._tell(done)
        self._tell(len(self.cells))
        self.reading.log.decoded[self.column.name] = num_decoded
        source = StoredSource(store, items, decoder.fixed)
        source.mend = _Mending(
            replace(self, reading=Reading(self.reading.options)), decoder, store, items
        )
        return source

    def _look_up(
        self, memo: StampMemo, store: FeatureStore
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return each cell's item in `store` (-1: none yet), and the rows and stamps of files to be read."""
        items = np.full(len(self.cells), -1, dtype=np.int64)
        unknown = [np.zeros(0, np.int64)]
        unknown_stamps = [np.zeros((0, STAMP_BYTES), np.uint8)]
        for start in range(0, len(self.cells), _WINDOW):
            rows: list[int] = []
            joined = bytearray()
            for row in range(start, min(start + _WINDOW, len(self.cells))):
                stamp = self.stamp(row)
                if stamp is not None:
                    joined += stamp
                    rows.append(row)
            stamps = np.frombuffer(joined, np.uint8).reshape(-1, STAMP_BYTES)
            digests, remembered = memo.lookup(stamps)
            known = np.where(remembered, store.positions(digests), -1)
            items[rows] = known
            unknown.append(np.array(rows, np.int64)[known < 0])
            unknown_stamps.append(stamps[known < 0])
        return items, np.concatenate(unknown), np.concatenate(unknown_stamps)

    def stamp(self, row: int) -> bytes | None:
        """Return the stamp of the row's file; None where the cell is empty or the file cannot be found."""
        cell = self.cells[row]
        if cell is None:
            return None
        try:
            return self.files.stamp(cell)
        except MediaError as error:
            self._failed(row, error)
            return None

    def decoded(self, row: int, decoder: FileDecoder) -> tuple[bytes, np.ndarray]:
        """Return the digest and the features of a row's file, which was read before.

        Raises:
            DataError: it cannot be read any more.
        """
        cell = self.cells[row] or ""
        try:
            data = self.files.read(cell)
            return content_digest(data), decoder.decode(data)
        except MediaError as error:
            raise self.column.error(row, f"{cell!r:.60}: {error}, since the run began") from error

    def _read(self, cell: str | bytes) -> bytes | MediaError:
        try:
            return self.files.read(cell)
        except MediaError as error:
            return error

    def _failed(self, row: int, error: MediaError) -> None:
        self.reading.failed(self.column, row, self.cells[row] or "", error)

    def _tell(self, done: int) -> None:
        if self.reading.options.progress is not None:
            self.reading.options.progress(self.column.name, done, len(self.cells))


class _Mending:
    """Decodes the files of damaged items once more, and tells of the first.

    Args:
        files: the column.
        decoder: of its files.
        store: where the items lie.
        items: of the column's rows.
    """

    def __init__(
        self, files: _MediaColumn, decoder: FileDecoder, store: FeatureStore, items: np.ndarray
    ) -> None:
        self.files, self.decoder, self.store, self.items = files, decoder, store, items
        self.told = False

    def __call__(self, damaged: np.ndarray) -> None:
        if not self.told:
            self.told = True
            self.files.reading.options.noted(damage_note(self.store))
        for item in damaged.tolist():
            row = int(np.flatnonzero(self.items == item)[0])
            digest, features = self.files.decoded(row, self.decoder)
            if self.store.position(digest) != item:
                raise self.files.column.error(row, "the file changed since the run began")
            self.store.add(digest, features)
        self.store.commit()


def damage_note(store: FeatureStore) -> str:
    """Return the note on a store with damaged items."""
    return (
        f"The cache folder {str(store.folder)!r} holds entries that are damaged or gone: they are made anew. "
        "If that happens again, check the disk."
    )


def references_of(column: Column) -> list[str | bytes | None]:
    """Return each cell's path or bytes, None where the cell is empty."""
    values = column.values
    if values.type == MEDIA:
        return [file_of(cell) for cell in values.to_pylist()]
    plain = (
        is_text(values)
        or pa.types.is_binary(values.type)
        or pa.types.is_large_binary(values.type)
        or pa.types.is_null(values.type)
    )
    if not plain:
        raise column.of_another_type(
            "paths of files, their bytes, pictures of Pillow or pixels as uint8 [height, width, 1, 3 or 4]"
        )
    return [cell or None for cell in values.to_pylist()]

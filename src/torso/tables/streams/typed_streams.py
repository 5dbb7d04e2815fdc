"""Parquet, Arrow and folders of Parquet as streams: their schema says the types, so no cell has to be looked at before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from torso.tables.formats.arrow_format import whole
from torso.tables.formats.folder_format import parquet_folder
from torso.tables.streams.row_stream import NeedsWholeError, RowStream, skipping
from torso.tables.types.media_cells import is_media

__all__ = ["ArrowStream", "FolderStream", "ParquetStream"]

_ROWS = 65_536
"""Rows that a reader hands over at once."""
_BYTES = 1 << 20
"""Bytes of a column that are read at once."""


class _TypedStream(RowStream):
    """A table whose file names the types of its columns.

    Args:
        path: of the table.
        schema: of its columns as written, without the index of pandas.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        super().__init__(path, schema.names)
        self.schema = schema

    def of_columns(self, columns: Sequence[str]) -> None:
        """Refuse types of which a piece may become another type than the whole column."""
        for name, field in zip(self.names, self.schema, strict=True):
            extended = b"ARROW:extension:name" in (field.metadata or {})
            if name in {*columns} and (extended or not _steady(field.type)):
                raise NeedsWholeError(f"the type {str(field.type)[:60]} of its column {name!r}")


class ParquetStream(_TypedStream):
    """A Parquet file, by row groups."""

    def __init__(self, path: Path) -> None:
        from pyarrow import parquet

        with parquet.ParquetFile(path) as file:
            super().__init__(path, _without_index(file.schema_arrow))
            self.rows = file.metadata.num_rows

    def batches(self, start: int, columns: Sequence[int]) -> Iterator[pa.Table]:
        """Yield the rows from `start` on; groups before them are not read."""
        from pyarrow import parquet

        names = [self.schema.names[place] for place in columns]
        # Buffered ahead, all that was read would stay in memory.
        with parquet.ParquetFile(self.path, pre_buffer=False, buffer_size=_BYTES) as file:
            groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
            first = 0
            while first < len(groups) and start >= groups[first]:
                start -= groups[first]
                first += 1
            if first == len(groups):
                return
            read = file.iter_batches(
                _ROWS, row_groups=[*range(first, len(groups))], columns=names, use_threads=False
            )
            tables = (whole(pa.Table.from_batches([batch])) for batch in read)
            yield from skipping((table.select(names) for table in tables), start)


class ArrowStream(_TypedStream):
    """An Arrow file, by record batches; the stream format, too."""

    def __init__(self, path: Path) -> None:
        with pa.OSFile(str(path)) as file:
            schema = _opened(file).schema
        super().__init__(path, _without_index(schema))
        self._places = [schema.names.index(name) for name in self.schema.names]
        self.rows = sum(batch.num_rows for batch in self.batches(0, [0]))

    def batches(self, start: int, columns: Sequence[int]) -> Iterator[pa.Table]:
        """Yield the rows from `start` on."""
        options = pa.ipc.IpcReadOptions(included_fields=[self._places[place] for place in columns])
        with pa.OSFile(str(self.path)) as file:
            reader = _opened(file, options)
            tables = (whole(pa.Table.from_batches([batch])) for batch in _each(reader))
            for table in skipping(tables, start):
                for first in range(0, table.num_rows, _ROWS):
                    yield table.slice(first, _ROWS)


class FolderStream(_TypedStream):
    """A folder of Parquet files with the same columns, in the order of their names."""

    def __init__(self, path: Path) -> None:
        self._schema, self._files = parquet_folder(path)
        super().__init__(path, _without_index(self._schema))
        self._rows = [file.count_rows() for file in self._files]
        self.rows = sum(self._rows)

    @property
    def folder(self) -> Path:
        """The folder itself: file columns are relative to it."""
        return self.path

    def batches(self, start: int, columns: Sequence[int]) -> Iterator[pa.Table]:
        """Yield the rows from `start` on; files before them are not read."""
        from pyarrow import dataset

        names = [self.schema.names[place] for place in columns]
        options = dataset.ParquetFragmentScanOptions(
            use_buffered_stream=True, buffer_size=_BYTES, pre_buffer=False
        )
        for file, rows in zip(self._files, self._rows, strict=True):
            if start >= rows:
                start -= rows
                continue
            read = file.to_batches(
                schema=self._schema,
                columns=names,
                batch_size=_ROWS,
                batch_readahead=1,
                fragment_scan_options=options,
                use_threads=False,
            )
            tables = (whole(pa.Table.from_batches([batch])) for batch in read)
            yield from skipping(tables, start)
            start = 0


def _opened(
    file: pa.NativeFile, options: pa.ipc.IpcReadOptions | None = None
) -> pa.RecordBatchFileReader | pa.RecordBatchStreamReader:
    try:
        return pa.ipc.open_file(file, options=options)
    except pa.ArrowInvalid:
        file.seek(0)
        return pa.ipc.open_stream(file, options=options)


def _each(
    reader: pa.RecordBatchFileReader | pa.RecordBatchStreamReader,
) -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.RecordBatchFileReader):
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)
    else:
        yield from reader


def _without_index(schema: pa.Schema) -> pa.Schema:
    """Return the columns without the index that pandas writes; several of one name need the whole table."""
    if len({*schema.names}) < len(schema.names):
        raise NeedsWholeError("several columns of one name")
    return pa.schema([field for field in schema if not field.name.startswith("__index_level_")])


def _steady(given: pa.DataType) -> bool:
    """Return whether every piece of a column of a type becomes the common type that the whole becomes."""
    types = pa.types
    if types.is_dictionary(given):
        return not types.is_nested(given.value_type) and _steady(given.value_type)
    if is_media(given):
        return all(field.name in ("bytes", "path") for field in given)
    if types.is_list(given) or types.is_large_list(given) or types.is_fixed_size_list(given):
        return _steady_item(given.value_type)
    return not types.is_nested(given) and not isinstance(given, pa.BaseExtensionType)


def _steady_item(given: pa.DataType) -> bool:
    types = pa.types
    if types.is_struct(given):
        return all(_steady_item(given.field(place).type) for place in range(given.num_fields))
    return _steady(given) and not types.is_decimal(given) and not types.is_dictionary(given)

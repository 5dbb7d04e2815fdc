"""A table that is written in parts beside its place, and joined when the last one is there.

Whoever is killed meanwhile leaves whole parts, and the same work goes on behind them. A part counts once the facts
about it are written, which is done last.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa

from torso.core.errors import DataError
from torso.core.whole_files import Json, json_text, whole_file, write_whole
from torso.tables.formats.arrow_format import Arrow, Parquet
from torso.tables.formats.csv_format import SeparatedText
from torso.tables.formats.file_format import FileFormat
from torso.tables.formats.files import check_writable
from torso.tables.formats.json_format import Json as JsonFormat
from torso.tables.formats.json_format import JsonLines

__all__ = ["Parts"]

_STATE = "state.json"
_HALF = ".half"


class Parts:
    """The parts of a table that is being written.

    Args:
        out: file that they will be, of any kind that Torso writes.
        key: all that decides what the parts hold; parts of another key are thrown away.

    Attributes:
        folder: where they lie: `out` with `.parts` behind it.
        thrown: parts of another key were there.

    Raises:
        DataError: something else is called like the folder.
    """

    def __init__(self, out: Path, key: str) -> None:
        self.out = out
        self._format = check_writable(out)
        self.folder = out.with_name(f"{out.name}.parts")
        self._joined = out.with_name(f"{out.name}.parts-joined")
        shutil.rmtree(self._joined, ignore_errors=True)
        self.thrown = False
        state = self.folder / _STATE
        if self.folder.exists() and not state.is_file() and any(self.folder.iterdir()):
            raise DataError(
                f"{self.folder} is where parts of {out.name} are written, and holds other files. Move it, or choose "
                "another --out."
            )
        if state.is_file() and _read(state).get("key") != key:
            shutil.rmtree(self.folder)
            self.thrown = True
        if not state.is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(state, json_text({"key": key}))

    def facts(self) -> list[Json]:
        """Return the facts about the parts that are there, up to the first that is not."""
        facts: list[Json] = []
        while (place := self._facts_of(len(facts))).is_file() and self._part(len(facts)).is_file():
            facts.append(_read(place))
        return facts

    def write(self, number: int, data: pa.Table, facts: Json) -> None:
        """Write a part and the facts about it."""
        with whole_file(self._part(number)) as draft:
            _part_format(self._format).write(data, draft, self.out.name, packed=False)
        write_whole(self._facts_of(number), json_text(facts))

    def join(self) -> None:
        """Make the table of the parts, put it in place, and take the parts away."""
        parts = [self._part(number) for number in range(len(self.facts()))]
        draft = self.out.with_name(f"{self.out.name}{_HALF}")
        try:
            if isinstance(self._format, Parquet | Arrow):
                _join_typed(parts, draft, parquet=isinstance(self._format, Parquet))
            else:
                with _opened(draft, packed=self.out.suffix.lower() == ".gz") as file:
                    _join_text(parts, file, self._format)
            os.replace(draft, self.out)
        finally:
            draft.unlink(missing_ok=True)
        os.replace(self.folder, self._joined)  # so that half of the parts is never taken for parts
        shutil.rmtree(self._joined)

    def _part(self, number: int) -> Path:
        return self.folder / f"part-{number:06}"

    def _facts_of(self, number: int) -> Path:
        return self.folder / f"part-{number:06}.json"


def _read(path: Path) -> Json:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _part_format(of_table: FileFormat) -> FileFormat:
    """Return the format of parts: text as it will stand in the table, else Arrow, which costs least."""
    if isinstance(of_table, JsonFormat):
        return JsonLines()
    return Arrow() if isinstance(of_table, Parquet) else of_table


def _join_typed(parts: list[Path], draft: Path, *, parquet: bool) -> None:
    schemas = []
    for part in parts:
        with pa.OSFile(str(part)) as file:
            schemas.append(pa.ipc.open_file(file).schema)
    # A part whose cells are all missing may know less of a type.
    schema = pa.unify_schemas(schemas, promote_options="permissive")
    with _writer(draft, schema, parquet=parquet) as writer:
        for part in parts:
            with pa.OSFile(str(part)) as file:
                writer.write_table(pa.ipc.open_file(file).read_all().cast(schema))


@contextmanager
def _writer(draft: Path, schema: pa.Schema, *, parquet: bool) -> Iterator[pa.RecordBatchFileWriter]:
    if parquet:
        from pyarrow.parquet import ParquetWriter

        with ParquetWriter(draft, schema) as writer:
            yield writer
    else:
        with pa.OSFile(str(draft), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            yield writer


@contextmanager
def _opened(draft: Path, *, packed: bool) -> Iterator[IO[bytes]]:
    with draft.open("wb") as file:
        if packed:  # without a name and a time: the same parts give the same bytes
            with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as text:
                yield text  # type: ignore[misc]
        else:
            yield file


def _join_text(parts: list[Path], file: IO[bytes], of_table: FileFormat) -> None:
    in_list = isinstance(of_table, JsonFormat)
    if in_list:
        file.write(b"[\n")
    for number, part in enumerate(parts):
        with part.open("rb") as text:
            if in_list:
                for row, line in enumerate(text):
                    file.write((b",\n" if number or row else b"") + line.rstrip(b"\n"))
                continue
            if number and isinstance(of_table, SeparatedText):
                _skip_header(text)
            shutil.copyfileobj(text, file, 1 << 20)
    if in_list:
        file.write(b"\n]\n")


def _skip_header(text: IO[bytes]) -> None:
    """Read a CSV up to its first row: a line, or several where a name holds line breaks."""
    quotes = text.readline().count(b'"')
    while quotes % 2:
        quotes += text.readline().count(b'"')

"""A run is asked about frames and files, about rows alone, pictures and folders: all of them become a table."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from torso.cache import cache_root
from torso.columns.inputs import Input, MediaInput
from torso.columns.media.folder_files import files_below
from torso.columns.reading import Reading, ReadLog, ReadOptions
from torso.core.errors import DataError
from torso.runs.schema.schema import Schema
from torso.tables.databases import is_address
from torso.tables.formats.files import is_table
from torso.tables.formats.folder_format import is_parquet_folder
from torso.tables.formats.json_shapes import rows_of_lists, rows_of_object
from torso.tables.formats.zipped import is_zip
from torso.tables.spread import spread
from torso.tables.table import Table, read_table
from torso.tables.types.media_cells import is_picture

if TYPE_CHECKING:
    from torso.runs.settings.sections import DataConfig

__all__ = ["Asked", "Roots", "ask", "completed", "reading_of", "require_labels"]

Roots = str | Path | Sequence[str | Path]

_DEPTHS = {"vector": 1, "sequence": 2}  # lists in lists that a cell of the kind is


@dataclass(frozen=True)
class Asked:
    """A table that a run can read.

    Attributes:
        table: has all inputs of the run.
        root: folders or zips that file columns are relative to.
        kept: columns that stand before the answers unasked: names of files that were found in a folder.
        told: sentences about columns that were absent.
    """

    table: Table
    root: Roots = ()
    kept: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


def ask(
    given: object, schema: Schema, data: DataConfig, root: Roots = (), *, strict: bool = False
) -> Asked:
    """Return `given` as a table with all inputs of a run.

    Args:
        given: what `read_table` takes; a row as a mapping, series or named tuple; a folder or zip of files, a file, a
            list of them, a picture, or a list of cells, if the run has one input of that sort.
        schema: of the run.
        data: how the run reads tables.
        root: folders or zips that file columns are relative to.
        strict: leave absent columns absent, which reading refuses.

    Raises:
        DataError: it is no such thing, or a folder that the run cannot read.
    """
    if isinstance(given, str | Path) and not is_address(given):
        asked = _files(Path(given).expanduser(), schema)
        if asked is not None:
            return completed(asked, schema, strict)
    paths = [] if root or is_address(given) else _paths(given, schema)
    if paths:
        return completed(_listed(paths, schema), schema, strict)
    table = read_table(_rows(given, schema.inputs), missing=data.missing, settings=data.text)
    if isinstance(given, str | Path) and not _holds_lists(table, schema.inputs):
        table = spread(table) or table
    return completed(Asked(table, root), schema, strict)


def reading_of(
    asked: Asked, data: DataConfig, *, strict: bool = False, kept: bool = False
) -> Reading:
    """Return how the cells of a table are read.

    Args:
        asked: the table.
        data: how the run reads tables.
        strict: a cell that cannot be read is an error.
        kept: decoded files go to the cache, for rows that are read several times.
    """
    options = ReadOptions(
        folder=asked.table.folder,
        root=[asked.root] if isinstance(asked.root, str | Path) else asked.root,
        default_root=data.root,
        on_error="fail" if strict else data.on_error,
        most_skipped=data.most_skipped,
        in_pieces=True,
    )
    if kept:
        options = replace(options, cache=cache_root(data.cache), in_pieces=False)
    return Reading(options, ReadLog(notes=[*asked.told]))


def require_labels(table: Table, schema: Schema) -> None:
    """Raise a DataError unless the table holds the labels of some target."""
    if not any(set(schema.label_columns([task])) <= {*table.names} for task in schema.targets):
        raise DataError(
            f"{table.name}: no target column to compare with. Expected some of {schema.label_columns()}."
        )


def completed(asked: Asked, schema: Schema, strict: bool) -> Asked:
    """Return the table with an empty column for each input that it lacks, unless it lacks all."""
    table = asked.table
    absent = [name for name in schema.inputs if name not in table.names]
    if not absent or strict or len(absent) == len(schema.inputs):
        return asked
    data = table.data
    for name in absent:
        data = data.append_column(name, pa.nulls(table.rows))
    known = {*schema.inputs, *schema.label_columns()}
    others = {name.casefold(): name for name in table.names if name not in known}
    listed = ", ".join(repr(name) + _meant(name, others) for name in absent)
    note = (
        f"{table.name} lacks {len(absent)} of the {len(schema.inputs)} columns that the run reads, which count as "
        f"missing: {listed}. To refuse such a table: --strict, or torso.load(RUN, strict=True)."
    )
    return replace(asked, table=replace(table, data=data), told=(note,))


def _meant(name: str, others: Mapping[str, str]) -> str:
    near = get_close_matches(name.casefold(), others, n=1) if others else []
    return f" (did you mean {others[near[0]]!r}?)" if near else ""


def _files(path: Path, schema: Schema) -> Asked | None:
    """Return a folder or zip of files, or a file that is no table, as a table of names; None for all else."""
    endings = _endings(schema)
    if path.suffix.lower() in endings and path.is_file():
        name, _ = _input_of_files(path, schema)
        return Asked(_named(path, path.parent, name, [path.name]), path.parent)
    packed = is_zip(path) and path.is_file()
    if (not path.is_dir() and not packed) or is_parquet_folder(path):
        return None
    if packed and (not endings or any(is_table(Path(file)) for file in files_below(path))):
        return None
    name, kind = _input_of_files(path, schema)
    inside = files_below(path)
    cells = [file for file in inside if file.lower().endswith(kind.endings)]
    if not cells:
        raise DataError(
            f"{path} holds no file for {name!r}: {len(inside)} files, none ending in {', '.join(kind.endings)}. Give "
            f"another folder, or a table with the columns {[*schema.inputs]}."
        )
    notes = [f"{path}: each of its {len(cells)} files is a row, named in {name!r}."]
    others = sorted({*inside} - {*cells})
    if others:
        left = (
            "1 other file is left out:"
            if len(others) == 1
            else f"{len(others)} other files are left out, such as"
        )
        notes.append(f"{path}: {left} {others[0]!r}.")
    kept = () if name in schema.targets else (name,)  # an answer has the name, where a run restores
    return Asked(_named(path, path, name, cells, notes), path, kept)


def _endings(schema: Schema) -> tuple[str, ...]:
    kinds = [kind for kind in schema.inputs.values() if isinstance(kind, MediaInput)]
    return tuple(ending for kind in kinds for ending in kind.endings)


def _input_of_files(path: Path, schema: Schema) -> tuple[str, MediaInput]:
    """Return the run's only input of files, and its kind.

    Raises:
        DataError: it has none, or several.
    """
    files = {name: kind for name, kind in schema.inputs.items() if isinstance(kind, MediaInput)}
    if len(files) != 1:
        columns = " and ".join(map(repr, files))
        reads = f"files in the columns {columns}" if files else "no files"
        raise DataError(
            f"{path} is {'a folder' if path.is_dir() else 'no table'}, and the run reads {reads}. Give a table with "
            f"the columns {[*schema.inputs]}: a CSV, JSON, Parquet or Arrow file."
        )
    return next(iter(files.items()))


def _paths(given: object, schema: Schema) -> list[Path]:
    """Return a list of paths, or of names of the run's files that are there; an empty one for all else."""
    if not isinstance(given, list | tuple) or not given:
        return []
    if all(isinstance(cell, Path) for cell in given):
        return [path.expanduser() for path in given]
    endings = _endings(schema)
    named = all(isinstance(cell, str) and cell.lower().endswith(endings) for cell in given)
    paths = [Path(cell).expanduser() for cell in given] if named and endings else []
    return paths if all(path.is_file() for path in paths) else []


def _listed(paths: Sequence[Path], schema: Schema) -> Asked:
    """Return files as rows of the run's only input of files."""
    name, kind = _input_of_files(paths[0], schema)
    for path in paths:
        if path.suffix.lower() not in kind.endings or not path.is_file():
            raise DataError(
                f"Each of several files should be a row, for {name!r}: a file ending in {', '.join(kind.endings)}. "
                f"Found {str(path)!r}. Tables, folders and zips are given alone."
            )
    whole = [path.absolute() for path in paths]
    folder = Path(os.path.commonpath([path.parent for path in whole]))
    cells = [path.relative_to(folder).as_posix() for path in whole]
    kept = () if name in schema.targets else (name,)
    return Asked(_named(folder, folder, name, cells), folder, kept)


def _named(
    path: Path, folder: Path, column: str, files: Sequence[str], notes: Sequence[str] = ()
) -> Table:
    data = pa.table({column: pa.array(files, pa.large_string())})
    return Table(data, path.name or str(path), folder, notes=tuple(notes))


def _rows(given: object, inputs: Mapping[str, Input]) -> object:
    """Return a row alone as a list of one, cells of the only input as its column, and all else as it is."""
    if isinstance(given, Mapping):
        if inputs.keys().isdisjoint(given) or all(type(cell) is dict for cell in given.values()):
            rows, how = rows_of_object({str(key): cell for key, cell in given.items()}, spread=True)
            if how:  # such as `frame.to_dict("split")`
                return rows
        return [given] if _is_row(given, inputs) else given
    row = _mapping(given, inputs)
    if row is not None:
        return [row]
    if is_picture(given):
        given = [given]
    elif hasattr(given, "columns") or (
        hasattr(given, "__arrow_c_stream__") and not hasattr(given, "name")
    ):
        return given  # a frame; a series has a name
    if isinstance(given, str | bytes | Path) or not isinstance(given, Iterable):
        return given
    cells = list(given)
    if cells and isinstance(cells[0], list) and not inputs.keys().isdisjoint(map(str, cells[0])):
        named, how = rows_of_lists(cells)
        if how:  # below a list of names
            return named
    rows = [_mapping(cell, inputs) for cell in cells]
    if rows and all(row is not None for row in rows):
        return rows
    return _as_column(given, cells, inputs)


def _as_column(given: object, cells: list[object], inputs: Mapping[str, Input]) -> object:
    """Return cells as the column of the only input, or of the only one of files; `given`, if there is none."""
    files = [name for name, kind in inputs.items() if kind.in_files]
    if cells and all(map(is_picture, cells)) and len(files) == 1:
        return {files[0]: cells}
    name = getattr(given, "name", None)  # of a series
    if name in inputs:
        return {name: given}
    if len(inputs) == 1 and not any(isinstance(cell, Mapping) for cell in cells):
        return {next(iter(inputs)): cells}
    return given


def _mapping(given: object, inputs: Mapping[str, Input]) -> Mapping[str, object] | None:
    """Return a row as a mapping: one already, a series of pandas, or a named tuple."""
    if isinstance(given, Mapping):
        return given
    if isinstance(given, tuple) and hasattr(given, "_asdict"):
        row: Mapping[str, object] = given._asdict()
        return row
    pandas = sys.modules.get("pandas")  # a series can only be there if pandas is loaded
    if pandas is not None and isinstance(given, pandas.Series):
        labels = [str(label) for label in given.index]
        if not inputs.keys().isdisjoint(labels):
            return dict(zip(labels, given.tolist(), strict=True))
    return None


def _is_row(cells: Mapping[object, object], inputs: Mapping[str, Input]) -> bool:
    """Return whether a mapping holds cells, not columns."""
    return any(
        isinstance(cell, str | bytes | Mapping)
        or not isinstance(cell, Iterable)
        or is_picture(cell)
        or (
            (kind := inputs.get(str(name))) is not None
            and _depth(cell) == _DEPTHS.get(kind.name, -1)
        )
        for name, cell in cells.items()
    )


def _holds_lists(table: Table, inputs: Mapping[str, Input]) -> bool:
    """Return whether some column is of a kind whose cells are lists."""
    kinds = [kind for name, kind in inputs.items() if name in table.names]
    return any(kind.name in (*_DEPTHS, "set") for kind in kinds)


def _depth(cell: object) -> int:
    """Return how deep numbers lie in lists, 0 for no list of numbers."""
    if isinstance(cell, np.ndarray):
        return cell.ndim if cell.dtype.kind in "iuf" else 0
    if not isinstance(cell, list | tuple) or not cell:
        return 0
    if isinstance(cell[0], list | tuple | np.ndarray):
        inner = _depth(cell[0])
        return inner + 1 if inner else 0
    return int(isinstance(cell[0], int | float))

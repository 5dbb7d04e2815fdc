"""Folders of Parquet files that are one table, as engines write them: `year=2024/part-0.parquet` and the like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from torso.core.errors import DataError
from torso.tables.formats.arrow_format import whole
from torso.tables.formats.file_format import Content, first_line

if TYPE_CHECKING:
    from pyarrow import dataset

__all__ = ["files_of_folder", "is_parquet_folder", "parquet_folder", "read_folder"]

_ENDINGS = (".parquet", ".pq")


def files_of_folder(path: Path) -> list[Path]:
    """Return the files below a folder in order, without those whose names or folders begin with `.` or `_`."""
    return sorted(
        file
        for file in path.rglob("*")
        if not any(part[0] in "._" for part in file.relative_to(path).parts) and file.is_file()
    )


def is_parquet_folder(path: Path) -> bool:
    """Return whether a folder holds Parquet files and no others."""
    if not path.is_dir():
        return False
    files = files_of_folder(path)
    return bool(files) and all(file.suffix.lower() in _ENDINGS for file in files)


def parquet_folder(path: Path) -> tuple[pa.Schema, list[dataset.Fragment]]:
    """Return the columns and the files of the table in a folder; names such as `year=2024` are a column.

    Raises:
        DataError: the files have other columns, or are damaged.
    """
    from pyarrow import dataset

    try:
        data = dataset.dataset(
            str(path), format="parquet", partitioning=dataset.partitioning(flavor="hive")
        )
        files = sorted(data.get_fragments(), key=lambda fragment: str(fragment.path))
        names = {fragment.path: {*fragment.physical_schema.names} for fragment in files}
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path.name} is damaged or no table: {first_line(error)}") from error
    every = set().union(*names.values())
    for file, own in names.items():
        for name in sorted(every - own):
            raise DataError(
                f"{path.name}: {Path(file).relative_to(path.absolute())} has no column {name!r}, which another file "
                "has. Write the files with the same columns, or give one of them."
            )
    return data.schema, files


def read_folder(path: Path) -> Content:
    """Return the table in a folder of Parquet files, in the order of their names."""
    schema, files = parquet_folder(path)
    parts = [whole(file.to_table(schema=schema, use_threads=False)) for file in files]
    table = pa.concat_tables(parts)
    index = [name for name in table.column_names if name.startswith("__index_level_")]
    return Content(table.drop_columns(index) if index else table)

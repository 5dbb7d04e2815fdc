"""A few example rows in a run's folder: `examples.parquet`, a table that the run can answer, its files inside."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from torso.core.errors import RunError
from torso.core.whole_files import whole_file

__all__ = ["EXAMPLES", "Examples", "copy_examples", "read_examples", "write_examples"]

EXAMPLES = "examples.parquet"


@dataclass(frozen=True, eq=False)
class Examples:
    """Rows that a run offers to whoever tries it.

    Attributes:
        rows: inputs alone, files as bytes: a table that the run can answer.
        names: of the rows, such as `row 17 of table.csv`.
    """

    rows: pa.Table
    names: tuple[str, ...]


def write_examples(folder: Path, examples: Examples | None) -> None:
    """Write the rows, or remove those of an earlier run."""
    file = folder / EXAMPLES
    if examples is None:
        file.unlink(missing_ok=True)
        return
    about = {"torso": json.dumps({"names": examples.names})}
    with whole_file(file) as draft:
        parquet.write_table(examples.rows.replace_schema_metadata(about), draft, compression="zstd")


def read_examples(folder: Path) -> Examples | None:
    """Return the rows; None if the run has none.

    Raises:
        RunError: the file is damaged.
    """
    file = folder / EXAMPLES
    if not file.exists():
        return None
    try:
        rows = parquet.read_table(file)
        names = json.loads((rows.schema.metadata or {})[b"torso"])["names"]
        if len(names) != rows.num_rows:
            raise ValueError(f"{len(names)} names for {rows.num_rows} rows")
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise RunError(
            f"{file} is damaged: {error}. It may be deleted: the run goes without examples then."
        ) from None
    return Examples(rows, tuple(map(str, names)))


def copy_examples(source: Path | None, folder: Path) -> None:
    """Give the examples of one run's folder to another; without any, remove those of an earlier run."""
    held = None if source is None else source / EXAMPLES
    if held is None or not held.exists():
        (folder / EXAMPLES).unlink(missing_ok=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / EXAMPLES) as draft:
        draft.write_bytes(held.read_bytes())

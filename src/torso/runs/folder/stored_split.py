"""The split of a run in its folder, for other runs on the same rows.

`split.parquet` has a row per row of the table, in its order, with a column `part`: `train`, `validation`,
`test`, or null for a row that is in none. Dictionary encoding keeps it at two bits a row. A column `digest` has
the digests of up to 20,000 rows that the run learns from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from torso.columns.splits import Split
from torso.core.errors import DataError, RunError
from torso.core.whole_files import whole_file
from torso.runs.folder.seen_rows import SeenRows
from torso.tables.digests import column_digest
from torso.tables.table import Table

__all__ = ["StoredSplit", "column_digests"]

_PARTS = ("train", "validation", "test")
_SOME_CELLS = 200_000  # hashed at most, however large the table
_MOST_ROWS = 1_000


@dataclass(frozen=True, eq=False)
class StoredSplit:
    """A split, and digests that identify its table.

    Attributes:
        rows: of the table.
        split: its parts.
        digests: column -> digest of its cells.
        sampled: True if an earlier version wrote it, which looked at up to 1,000 rows.
        seen: digests of rows that the run learns from; None if an earlier version wrote it.
    """

    rows: int
    split: Split
    digests: Mapping[str, str]
    sampled: bool = False
    seen: SeenRows | None = None

    @classmethod
    def of(cls, table: Table, split: Split, seen: SeenRows | None = None) -> StoredSplit:
        """Return the split of a table, with the rows that are learnt from."""
        return cls(table.rows, split, column_digests(table), seen=seen)

    @property
    def learnt(self) -> int:
        """Number of rows that the run learnt from or chose by."""
        return len(self.split.train) + len(self.split.validation)

    def for_table(self, table: Table, origin: str) -> Split:
        """Return the split, if `table` has the rows that it was made for.

        Args:
            table: may have other columns besides.
            origin: the run that it comes from, for messages.

        Raises:
            DataError: another number of rows, or other cells in a column that both tables have.
        """
        why = self.unlike(table)
        if why:
            raise DataError(
                f"`data.split.like`: {table.name} does not hold the rows of {origin!r}: {why}. Give the table of that run, or "
                "take `data.split.like` out."
            )
        return self.split

    def unlike(self, table: Table) -> str:
        """Return why `table` does not hold the rows that the split was made for; empty if it does."""
        if table.rows != self.rows:
            return f"the split is of {self.rows} rows, the table has {table.rows}"
        digests = _sampled_digests(table) if self.sampled else column_digests(table)
        empty = {
            field.name for field in table.data.schema if pa.types.is_null(field.type)
        }  # says nothing
        both = [name for name in self.digests if name in digests and name not in empty]
        other = [name for name in both if digests[name] != self.digests[name]]
        if not both:
            return "no column in common"
        return f"other cells in {other}" if other else ""

    def write(self, file: Path) -> None:
        """Write the split as Parquet."""
        codes = np.full(self.rows, -1, np.int8)
        for code, part in enumerate(_PARTS):
            codes[getattr(self.split, part)] = code
        indices = pa.array(codes, mask=codes < 0)
        column = pa.DictionaryArray.from_arrays(indices, pa.array(_PARTS))
        digests = np.zeros(self.rows, np.uint64)
        kept = np.zeros(self.rows, bool)
        if self.seen is not None:
            kept[self.seen.rows], digests[self.seen.rows] = True, self.seen.digests
        about = {"torso": json.dumps({"digests": dict(self.digests), "sampled": self.sampled})}
        table = pa.table(
            {"part": column, "digest": pa.array(digests, mask=~kept)}
        ).replace_schema_metadata(about)
        with whole_file(file) as draft:
            parquet.write_table(table, draft, compression="zstd")

    @classmethod
    def read(cls, file: Path) -> StoredSplit:
        """Return the split in a file of `write`.

        Raises:
            RunError: the file is damaged.
        """
        try:
            table = parquet.read_table(file)
            about = json.loads((table.schema.metadata or {})[b"torso"])
            digests, sampled = about["digests"], bool(about.get("sampled", True))
            seen = _seen(table)
            words = np.asarray(table["part"].cast(pa.string()).to_numpy(zero_copy_only=False))
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"{file} is damaged: {error}.") from None
        split = Split(*(np.flatnonzero(words == part) for part in _PARTS))
        return cls(len(words), split, digests, sampled, seen)


def _seen(table: pa.Table) -> SeenRows | None:
    if "digest" not in table.column_names:
        return None
    digests = table["digest"].combine_chunks()
    rows = np.flatnonzero(np.asarray(digests.is_valid()))
    return SeenRows(rows, np.asarray(digests.drop_null(), np.uint64))


def column_digests(table: Table) -> dict[str, str]:
    """Return column -> digest of its cells."""
    return {name: column_digest(table.data.column(name)) for name in table.names}


def _sampled_digests(table: Table) -> dict[str, str]:
    """Return column -> digest of its cells in up to 1,000 rows, evenly spread."""
    num_rows = min(_MOST_ROWS, max(16, _SOME_CELLS // max(1, len(table.names))), table.rows)
    rows = np.linspace(0, max(0, table.rows - 1), num_rows).astype(np.int64)
    return {name: _digest(table.data.column(name), rows) for name in table.names}


def _digest(cells: pa.ChunkedArray, rows: np.ndarray) -> str:
    if pa.types.is_binary(cells.type) or pa.types.is_large_binary(cells.type):
        rows = rows[::16]  # whole files
    some = cells.take(pa.array(rows)).to_pylist()
    return blake2b(repr(some).encode("utf-8", "replace"), digest_size=8).hexdigest()

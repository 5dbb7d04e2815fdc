"""One pass over a table's cells: its options, and a log of the skipped cells.

Every kind that lays out a column is handed a `Reading`. It pairs frozen `ReadOptions` with one `ReadLog`. Its
skipped cells become `skipped.jsonl` in a run's folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from torso.columns.media.files import MediaError, MediaFiles
from torso.core.cures import setting
from torso.core.errors import DataError
from torso.core.notes import warn
from torso.tables.formats.zipped import named_root
from torso.tables.table import Column

__all__ = ["SHOWN", "OnError", "ReadLog", "ReadOptions", "Reading", "Skipped", "too_many_files"]

OnError = Literal["missing", "fail"]
_LONGEST_CELL = 200  # characters of a skipped cell that the log keeps
SHOWN = 3
"""Cells that an error about many of them shows."""


@dataclass(frozen=True)
class ReadOptions:
    """Options for reading the cells of a table.

    Attributes:
        folder: the table's folder, which paths are relative to.
        root: folders or zips to look in instead of a column's own root, before the table's folder.
        default_root: folders or zips to look in where a column has no root of its own.
        cache: root of the feature cache; None decodes anew and keeps nothing.
        on_error: `missing` counts an unreadable file or value as a gap; `fail` raises at the first.
        most_skipped: share of a column's files or values that may be unreadable before it is an error.
        in_pieces: the table comes piece by piece, so `Reading.check` is called once, after the last piece.
        progress: called with `(column, done, total)` while files are decoded.
        noted: called with a note for the user, also while batches are read.
    """

    folder: Path | None = None
    root: Sequence[str | Path] = ()
    default_root: Sequence[str | Path] = ()
    cache: Path | None = None
    on_error: OnError = "missing"
    most_skipped: float = 0.2
    in_pieces: bool = False
    progress: Callable[[str, int, int], None] | None = None
    noted: Callable[[str], None] = warn

    def __getstate__(self) -> dict[str, object]:
        """Return the options for another process, which has no bar and tells by warnings."""
        return {**vars(self), "progress": None, "noted": warn}

    def roots(self, own: str | Sequence[str] | None) -> list[Path]:
        """Return the folders and zips to look in, in order; `own` is the column's own root."""
        named = self.root or ([own] if isinstance(own, str) else own) or self.default_root
        folder = self.folder or Path()
        # A root is meant relative to the table first, and to the working directory otherwise.
        roots = [named_root(folder, root) for root in named]
        return [*roots, folder]


@dataclass(frozen=True)
class Skipped:
    """A cell that counts as missing although it holds something; `row` counts from 1."""

    table: str
    row: int
    column: str
    cell: str
    reason: str

    def to_dict(self) -> dict[str, str | int]:
        """Return the fields as JSON values."""
        return asdict(self)


@dataclass
class ReadLog:
    """Counts of one pass over a table's cells, and the cells that it skipped.

    Attributes:
        skipped: cells skipped so far.
        files: cells that name or hold a file so far, per column.
        unreadable: those of them that were skipped, per column.
        filled: cells with a value so far, per column; counted where a schema lays out a table.
        misread: those of them that the column's kind could not read, per column.
        decoded: files decoded so far, per column; a file that the cache knows is not decoded.
        unseen: cells with a value that training rows do not hold, per column: their count, and the first.
        notes: sentences about the table as a whole, for the user.
    """

    skipped: list[Skipped] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, list[Skipped]] = field(default_factory=dict)
    filled: dict[str, int] = field(default_factory=dict)
    misread: dict[str, list[Skipped]] = field(default_factory=dict)
    decoded: dict[str, int] = field(default_factory=dict)
    unseen: dict[str, tuple[int, Skipped]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def skip(self, column: Column, row: int, cell: str, reason: str) -> None:
        """Count a cell (`row` from 0) as missing, and say why."""
        cell = cell[:_LONGEST_CELL]
        self.skipped.append(
            Skipped(column.table, column.row_number(row), column.name, cell, reason)
        )

    def check(self, most_skipped: float) -> None:
        """Raise a DataError if more than `most_skipped` of a column's files are unreadable."""
        for column, num_files in self.files.items():
            skipped = self.unreadable[column]
            if len(skipped) > most_skipped * num_files:
                raise too_many_files(skipped, len(skipped), num_files, most_skipped)

    def check_values(self, most_skipped: float) -> None:
        """Raise a DataError if more than `most_skipped` of a column's values are unreadable."""
        for column, skipped in self.misread.items():
            if len(skipped) > most_skipped * self.filled.get(column, 0):
                raise _too_many_values(skipped, len(skipped), self.filled[column], most_skipped)


@dataclass(frozen=True)
class Reading:
    """One pass over a table's cells.

    >>> from torso.tables import read_table
    >>> column = read_table({"age": ["41", "about 40"]}).column("age")
    >>> reading = Reading(ReadOptions(on_error="missing"))
    >>> reading.skip(column, row=1, cell="about 40", reason="not a number")
    >>> [(cell.row, cell.reason) for cell in reading.log.skipped]
    [(2, 'not a number')]

    Attributes:
        options: how cells are read.
        log: grows while they are.
    """

    options: ReadOptions = ReadOptions()
    log: ReadLog = field(default_factory=ReadLog)
    _opened: dict[tuple[str, ...], MediaFiles] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def files(self, root: str | Sequence[str] | None) -> MediaFiles:
        """Return the files of a column, whose folders and zips are opened once a pass; `root` is its own.

        Raises:
            DataError: a root is absent.
        """
        own = (root,) if isinstance(root, str) else tuple(root or ())
        if own not in self._opened:
            self._opened[own] = MediaFiles(self.options.roots(root))
        return self._opened[own]

    def skip(self, column: Column, row: int, cell: str, reason: str) -> None:
        """Count a cell (`row` from 0) as missing, and say why."""
        self.log.skip(column, row, cell, reason)

    def failed(self, column: Column, row: int, cell: str | bytes, error: MediaError) -> None:
        """Skip a file that cannot be used, or raise a DataError with `on_error="fail"`."""
        name = cell if isinstance(cell, str) else f"<{len(cell)} bytes>"
        if self.options.on_error == "fail":
            raise column.error(row, f"{name!r}: {error}. Correct it, or use data.on_error=missing")
        self.skip(column, row, name, str(error))

    def unreadable(self, column: Column, rows: Iterable[int], expected: str) -> None:
        """Skip cells of `column` that its kind cannot read, or raise a DataError with `on_error="fail"`.

        Args:
            column: of values, not of files.
            rows: positions of the cells, from 0.
            expected: what a cell should be, such as `a number`.
        """
        name = column.name
        misread = self.log.misread.setdefault(name, [])
        for row in rows:
            cell = str(column.values[int(row)].as_py())
            if self.options.on_error == "fail":
                raise column.error(
                    int(row),
                    f"expected {expected}, found {cell!r:.60}. Correct the cell, name it a sign for missing with "
                    f"{setting('data.missing', [cell])}, or give the column another kind "
                    f"(inputs.{name}.kind or targets.{name}.kind)",
                )
            self.skip(column, int(row), cell, f"not {expected}")
            misread.append(self.log.skipped[-1])

    def unseen(self, column: Column, rows: Iterable[int]) -> None:
        """Count cells whose value training rows do not hold: they are used, as a value that is unseen."""
        places = [int(row) for row in rows]
        if not places:
            return
        row, name = places[0], column.name
        cell = Skipped(
            column.table,
            column.row_number(row),
            name,
            str(column.values[row].as_py())[:_LONGEST_CELL],
            "value unseen in training",
        )
        count, first = self.log.unseen.get(name, (0, cell))
        self.log.unseen[name] = (count + len(places), first)

    def check(self) -> None:
        """Raise a DataError if too many of a column's files are unreadable."""
        self.log.check(self.options.most_skipped)

    def check_values(self) -> None:
        """Raise a DataError if too many of a column's values are unreadable."""
        self.log.check_values(self.options.most_skipped)


def too_many_files(
    skipped: Sequence[Skipped], count: int, num_files: int, most_skipped: float
) -> DataError:
    """Return the error for files of which too many cannot be read.

    Args:
        skipped: the first of them.
        count: their number.
        num_files: number of all.
        most_skipped: share that is allowed.
    """
    first = "; ".join(f"row {cell.row}: {cell.cell!r}: {cell.reason}" for cell in skipped[:SHOWN])
    return DataError(
        f"{skipped[0].table}, column {skipped[0].column!r}: {count} of {num_files} files cannot be read, "
        f"more than the {most_skipped:.0%} allowed ({first}). If the paths are relative to another folder or to "
        "a zip, name it with --set data.root=FOLDER; to go on with the gaps, raise data.most_skipped."
    )


def _too_many_values(
    skipped: Sequence[Skipped], count: int, filled: int, most_skipped: float
) -> DataError:
    """Return the error for cells of which too many cannot be read; `too_many_files` tells of the arguments."""
    column, reason = skipped[0].column, skipped[0].reason
    first = "; ".join(f"row {cell.row}: {cell.cell!r}" for cell in skipped[:SHOWN])
    return DataError(
        f"{skipped[0].table}, column {column!r}: {count} of {filled} cells are {reason}, more than the "
        f"{most_skipped:.0%} allowed ({first}). Give the column another kind, such as {setting(f'inputs.{column}.kind', 'text')} "
        f"(a target: targets.{column}.kind), or to go on with the gaps, raise data.most_skipped."
    )

"""Answers to a table that is larger than memory: piece by piece, in parts, which a killed process goes on behind.

Pieces hold whole multiples of the rows that a model sees together when it reads the table at once, so every answer is
the same to the last digit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b, sha256
from pathlib import Path

import numpy as np
import pyarrow as pa

from torso._version import __version__
from torso.columns.reading import ReadOptions
from torso.core.whole_files import json_text
from torso.runs.folder.digests import digests_of
from torso.runs.folder.lock import locked
from torso.runs.predicting.answering import PIECE, Answering
from torso.runs.predicting.asked import Asked, Roots, completed, reading_of
from torso.runs.predicting.pattern_check import PatternCheck
from torso.runs.predicting.prediction import beside, chosen_columns
from torso.runs.predicting.side_by_side import in_order, workers_for
from torso.runs.predicting.tally import Tally
from torso.tables.formats.folder_format import files_of_folder
from torso.tables.streams.parts import Parts
from torso.tables.streams.row_stream import RowStream
from torso.tables.table import Table

__all__ = ["Streamed", "Wanted", "answer_stream"]

_PART, _PART_OF_FILES = 32 * PIECE, 2 * PIECE
"""Rows of a part, whole multiples of those that a model sees together. Rows with files take longer, and may be lost."""
_ENDS = 1 << 20
"""Bytes at both ends of a file that tell it from another of its size and time."""


@dataclass(frozen=True)
class Wanted:
    """A wish for answers to a table.

    Attributes:
        root: folders or zips that file columns are relative to.
        keep: columns of the table to put before the answers.
        proba: keep probabilities; see `chosen_columns`.
        intervals: keep spreads and ends of intervals.
        batch_size: rows that the model sees at once; None: as many as suit the run.
    """

    root: Roots = ()
    keep: Sequence[str] = ()
    proba: bool | None = None
    intervals: bool | None = None
    batch_size: int | None = None


@dataclass(frozen=True)
class Streamed:
    """A table of answers that was written.

    Attributes:
        rows: of it.
        notes: how the table was read, where that is not the usual, absent columns and skipped cells, in sentences.
    """

    rows: int
    notes: tuple[str, ...]


def answer_stream(
    run: Answering,
    stream: RowStream,
    out: Path,
    wanted: Wanted,
    progress: Callable[[int, int], None] | None = None,
) -> Streamed:
    """Write the answers to a table to a file, which appears when all are there.

    Args:
        run: answers.
        stream: the table.
        out: file to write, of any kind that Torso writes.
        wanted: what is asked.
        progress: called with the rows done and all rows.

    Raises:
        NeedsWholeError: a column that is read means something only as a whole.
        DataError: as when the table is read at once. Parts that were written stay.
        RunError: another process writes the same file.
    """
    given = _Given.of(run, stream, wanted)
    parts = Parts(out, given.key)
    with locked(parts.folder, "prediction"), workers_for(run) as workers:
        done = [Tally.from_dict(facts) for facts in parts.facts()]
        kept = sum(part.rows for part in done)
        notes = _begun(out, parts, kept)
        pieces = stream.pieces(given.part_rows, given.columns, run.config.data.missing, kept)
        for answers, tally in in_order(given.answered, pieces, workers):
            parts.write(len(done), answers, tally.to_dict())
            done.append(tally)
            kept += tally.rows
            if progress is not None:
                progress(kept, stream.rows)
        total = Tally()
        for tally in done:
            total.add(tally)
        total.check(run.config.data.most_skipped)
        parts.join()
    return Streamed(total.rows, (*notes, *given.told(total)))


def _begun(out: Path, parts: Parts, kept: int) -> list[str]:
    """Return a sentence on parts that were there before, if any were."""
    if parts.thrown:
        return [
            f"{parts.folder.name} held answers of another run, table or options: all is answered anew."
        ]
    return [f"{out.name}: {kept:,} rows were answered before, and are kept."] if kept else []


@dataclass(frozen=True)
class _Given:
    """A run and a table that it can read.

    Attributes:
        run: answers.
        stream: the table.
        wanted: what is asked.
        absent: sentences about columns that the table lacks.
        looked_up: positions of rows of which is asked whether the run learnt from them.
    """

    run: Answering
    stream: RowStream
    wanted: Wanted
    absent: tuple[str, ...]
    looked_up: np.ndarray

    @classmethod
    def of(cls, run: Answering, stream: RowStream, wanted: Wanted) -> _Given:
        """Return both once it is sure that all columns are there."""
        named = Table(
            pa.table({name: pa.nulls(1) for name in stream.names}), stream.name, stream.folder
        )
        asked = completed(Asked(named, wanted.root), run.schema, run.strict)
        run.schema.require_inputs(asked.table)
        for name in wanted.keep:
            named.column(name)
        learnt = run.learnt_rows
        rows = np.zeros(0, np.int64)
        if learnt is not None and not asked.told:
            rows = learnt[0].looked_up(stream.rows)
        given = cls(run, stream, wanted, asked.told, rows)
        stream.of_columns(given.columns)
        return given

    @property
    def columns(self) -> list[str]:
        """Columns of the table that are read."""
        return [
            name
            for name in self.stream.names
            if name in {*self.run.schema.inputs, *self.wanted.keep}
        ]

    @property
    def part_rows(self) -> int:
        """Rows of a part."""
        files = any(kind.in_files for kind in self.run.schema.inputs.values())
        return _PART_OF_FILES if files else _PART

    @property
    def key(self) -> str:
        """All that decides the answers and how they are cut."""
        return _digest(
            {
                "version": __version__,
                "run": _of_run(self.run),
                "data": repr(self.run.config.data),
                "decisions": repr(self.run.decisions),
                "strict": self.run.strict,
                "wanted": repr(self.wanted),
                "table": _of_table(self.stream.path),
                "rows": [self.stream.rows, self.part_rows, PIECE],
            }
        )

    def answered(self, piece: Table) -> tuple[pa.Table, Tally]:
        """Return the columns that are wanted of a piece, and its tally."""
        run, wanted = self.run, self.wanted
        asked = replace(completed(Asked(piece, wanted.root), run.schema, run.strict), told=())
        reading = reading_of(asked, run.config.data, strict=run.strict)
        gaps = PatternCheck(run.report.patterns, run.report.tasks)
        said, _ = run.answered(asked.table, reading, gaps, wanted.batch_size)
        kept = {name: piece.column(name).values for name in wanted.keep}
        columns = pa.table(beside(kept, said))
        names = chosen_columns(
            columns.column_names, run.schema.targets, wanted.proba, wanted.intervals
        )
        tally = Tally.of(piece.rows, piece.notes, reading.log)
        tally.patterns = dict(gaps.counts)
        tally.hits = self._hits(asked.table, reading.options)
        return columns.select([*dict.fromkeys((*wanted.keep, *names))]), tally

    def told(self, total: Tally) -> tuple[str, ...]:
        """Return all sentences on a table that is answered, as they are of one that is read at once."""
        run = self.run
        gaps = PatternCheck(run.report.patterns, run.report.tasks)
        gaps.modalities = tuple(run.schema.modalities)
        gaps.add(total.patterns.items())
        notes = total.told(self.stream.notes, self.absent)
        notes = gaps.beside(notes, self.stream.name, self.absent)
        if len(self.looked_up) and run.learnt_rows is not None:
            seen, learnt = run.learnt_rows
            number = seen.number(total.hits, total.rows, learnt)
            notes = notes if number is None else (*notes, seen.sentence(self.stream.name, number))
        return notes

    def _hits(self, piece: Table, options: ReadOptions) -> int:
        """Return how many of the rows that are looked up in a piece the run has learnt from."""
        assert piece.original_rows is not None
        first, last = piece.original_rows[0], piece.original_rows[-1]
        rows = self.looked_up[(self.looked_up >= first) & (self.looked_up <= last)] - first
        if not len(rows) or self.run.learnt_rows is None:
            return 0
        return self.run.learnt_rows[0].hits(piece.take(rows), self.run.schema, options)


def _of_run(run: Answering) -> object:
    """Return the digests of a run's files, which tell it from others; of one in memory, nothing does for long."""
    if run.folder is None:
        return id(run)
    if run.folder.is_file():
        return sha256(run.folder.read_bytes()).hexdigest()
    return digests_of(run.folder)


def _of_table(path: Path) -> object:
    """Return size, time and both ends of each file of a table, which tell it from others."""
    if path.is_dir():
        return [_of_table(file) for file in files_of_folder(path)]
    about = path.stat()
    with path.open("rb") as file:
        ends = file.read(_ENDS)
        file.seek(max(0, about.st_size - _ENDS))
        ends += file.read(_ENDS)
    return [str(path.absolute()), about.st_size, about.st_mtime_ns, sha256(ends).hexdigest()]


def _digest(content: object) -> str:
    return blake2b(json_text(content).encode(), digest_size=16).hexdigest()

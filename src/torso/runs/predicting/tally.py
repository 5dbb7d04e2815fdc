"""Facts about the pieces of a table, added up, so that a user is told of the whole once.

Of cells that count as missing only their number and the first of a column are kept: memory must not grow with the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from torso.columns.reading import SHOWN, ReadLog, Skipped, too_many_files
from torso.core.whole_files import Json
from torso.runs.predicting.prediction import counted_notes

__all__ = ["Tally", "summed_notes"]

Counted = dict[str, tuple[int, Skipped]]
_COUNT = re.compile(r"\b([0-9][0-9,]*)(?= (?:cells|texts) )")


@dataclass
class Tally:
    """Facts about rows that were answered, for the user.

    Attributes:
        rows: their number.
        notes: sentences on how they were read.
        files: cells that name or hold a file, per column.
        unreadable: of those that cannot be read, the number and the first ones, per column.
        skipped: cells that count as missing although they hold something: number and first, per column.
        unseen: values that training rows do not hold, in the same way.
        patterns: sets of absent modalities, each with its number of rows.
        hits: rows among those that were looked up which the run has learnt from.
    """

    rows: int = 0
    notes: list[str] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    unreadable: dict[str, tuple[int, list[Skipped]]] = field(default_factory=dict)
    skipped: Counted = field(default_factory=dict)
    unseen: Counted = field(default_factory=dict)
    patterns: dict[tuple[str, ...], int] = field(default_factory=dict)
    hits: int = 0

    @classmethod
    def of(cls, rows: int, notes: Iterable[str], log: ReadLog) -> Tally:
        """Return the tally of a piece from the log of its reading."""
        skipped: Counted = {}
        for cell in log.skipped:
            count, first = skipped.get(cell.column, (0, cell))
            skipped[cell.column] = count + 1, first
        unreadable = {name: (len(own), own[:SHOWN]) for name, own in log.unreadable.items()}
        return cls(
            rows,
            [*notes, *log.notes],
            dict(log.files),
            unreadable,
            skipped,
            dict(log.unseen),
        )

    def add(self, later: Tally) -> None:
        """Add the tally of rows that come later."""
        self.rows += later.rows
        self.notes = summed_notes([*self.notes, *later.notes])
        for name, files in later.files.items():
            self.files[name] = self.files.get(name, 0) + files
        for name, (number, cells) in later.unreadable.items():
            count, first = self.unreadable.get(name, (0, []))
            self.unreadable[name] = count + number, [*first, *cells][:SHOWN]
        for own, other in ((self.skipped, later.skipped), (self.unseen, later.unseen)):
            for name, (number, cell) in other.items():
                count, earliest = own.get(name, (0, cell))
                own[name] = count + number, earliest
        for absent, number in later.patterns.items():
            self.patterns[absent] = self.patterns.get(absent, 0) + number
        self.hits += later.hits

    def check(self, most_skipped: float) -> None:
        """Raise a DataError if more than `most_skipped` of a column's files are unreadable."""
        for name, files in self.files.items():
            count, first = self.unreadable.get(name, (0, []))
            if count > most_skipped * files:
                raise too_many_files(first, count, files, most_skipped)

    def told(self, of_table: Sequence[str], of_columns: Sequence[str]) -> tuple[str, ...]:
        """Return all sentences on how the table was read.

        Args:
            of_table: those on the whole file.
            of_columns: those on columns that are absent.
        """
        counted = counted_notes(self.skipped, self.unseen)
        return (*of_table, *self.notes, *of_columns, *counted)

    def to_dict(self) -> Json:
        """Return the fields as JSON values."""
        return {
            "rows": self.rows,
            "notes": self.notes,
            "files": self.files,
            "unreadable": {
                name: [count, [cell.to_dict() for cell in cells]]
                for name, (count, cells) in self.unreadable.items()
            },
            "skipped": _as_lists(self.skipped),
            "unseen": _as_lists(self.unseen),
            "patterns": [[[*absent], rows] for absent, rows in self.patterns.items()],
            "hits": self.hits,
        }

    @classmethod
    def from_dict(cls, values: Json) -> Tally:
        """Return the tally whose `to_dict` was saved."""
        return cls(
            values["rows"],
            values["notes"],
            values["files"],
            {
                name: (count, [Skipped(**cell) for cell in cells])
                for name, (count, cells) in values["unreadable"].items()
            },
            _as_counted(values["skipped"]),
            _as_counted(values["unseen"]),
            {tuple(absent): rows for absent, rows in values["patterns"]},
            values["hits"],
        )


def summed_notes(notes: Iterable[str]) -> list[str]:
    """Return each sentence once; of those that differ only in how many cells they count, the sum.

    >>> summed_notes(["day: 2 cells lie beyond", "x.csv: ;", "day: 1 cells lie beyond", "x.csv: ;"])
    ['day: 3 cells lie beyond', 'x.csv: ;']
    """
    sums: dict[str, int | None] = {}
    for note in notes:
        counts = _COUNT.findall(note)
        key = _COUNT.sub("\0", note) if len(counts) == 1 else note
        number = int(counts[0].replace(",", "")) if len(counts) == 1 else None
        known = sums.get(key)
        sums[key] = number if known is None or number is None else known + number
    return [
        note if number is None else note.replace("\0", str(number)) for note, number in sums.items()
    ]


def _as_lists(cells: Counted) -> Json:
    return {name: [count, first.to_dict()] for name, (count, first) in cells.items()}


def _as_counted(values: Json) -> Counted:
    return {name: (count, Skipped(**first)) for name, (count, first) in values.items()}

"""The dialect of a CSV, found by looking at its first rows.

A delimiter fits where the header and the rows below it have the same number of cells, at least two. Where several
fit, the one that the file's ending names wins. A file given later is looked at anew; so every rule asks the
header first, and a file of one row is read as the row in its whole file is.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TypedDict

from torso.tables.formats.csv_header import SampleRow, header_position, looks_like_a_row

__all__ = [
    "Dialect",
    "find_dialect",
    "named",
    "one_letter",
    "wide_cells",
]

_DELIMITERS = (",", ";", "\t", "||", "|", "^", "~", "¦", "\x1f", "\x01", "::")
_ABSENT = "\x1f"  # the delimiter of a file of one column: it stands in none of its cells
_ROWS_LOOKED_AT = 1000
_SAID = re.compile(r'\s*"?sep=(.|\\t)"?[,;\t|]*\s*', re.IGNORECASE)
_SINGLE = re.compile(r"\s*'.*'\s*")
_NAMES = {"\t": "a tab", " ": "a space", "\x1f": "the unit separator", "\x01": "Ctrl-A"}


class _Reading(TypedDict):
    delimiter: str
    quotechar: str
    escapechar: str | None
    skipinitialspace: bool


@dataclass(frozen=True)
class Dialect:
    """The way in which a file separates and quotes its cells.

    Attributes:
        delimiter: between two cells.
        quote: around a cell that holds a delimiter or a line break.
        escape: before a quote within a quoted cell; empty where quotes are doubled.
        spaces: blanks after a delimiter do not belong to a quoted cell.
        before: number of lines before the header.
        header: names as written.
        notes: sentences about the above, where it is not the usual.
    """

    delimiter: str
    quote: str = '"'
    escape: str = ""
    spaces: bool = False
    before: int = 0
    header: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def reading(self) -> _Reading:
        """Settings of Python's reader."""
        return {
            "delimiter": one_letter(self.delimiter)[0],
            "quotechar": self.quote,
            "escapechar": self.escape or None,
            "skipinitialspace": self.spaces,
        }

    @property
    def plain(self) -> bool:
        """True if Arrow's reader knows it."""
        return len(self.delimiter) == 1 and self.delimiter.isascii() and not self.spaces


@dataclass(frozen=True)
class _Look:
    """A sample under one dialect.

    Attributes:
        dialect: tried.
        agree: share of the rows below the header with as many cells.
        clean: every quote stands where it may.
        cells: below the header.
    """

    dialect: Dialect
    agree: float
    clean: bool
    cells: list[list[str]] = field(default_factory=list)

    @property
    def width(self) -> int:
        return len(self.dialect.header)

    @property
    def tight(self) -> bool:
        """True if no name but the first begins with a blank, as behind a comma in a sentence."""
        return not any(name[:1] == " " for name in self.dialect.header[1:])


def one_letter(delimiter: str) -> tuple[str, tuple[str, str] | None]:
    """Return the delimiter for a reader that takes one letter, and the pair to replace in each line."""
    return (delimiter, None) if len(delimiter) == 1 else (_ABSENT, (delimiter, _ABSENT))


def find_dialect(
    sample: str, usual: str, asked: str | None = None, *, whole: bool = True
) -> Dialect:
    r"""Return the dialect of a file.

    Args:
        sample: its first lines.
        usual: the delimiter that its ending names.
        asked: the delimiter that the user names.
        whole: the sample is all of it; otherwise its last row may be cut.

    >>> found = find_dialect("size;price\n3;1,50\n4;2,25\n", usual=",")
    >>> found.delimiter, found.header
    (';', ('size', 'price'))
    """
    said = _SAID.fullmatch(sample.partition("\n")[0].rstrip("\r"))
    if said is not None:
        stated = said[1].replace("\\t", "\t")
        look = _look(sample, Dialect(asked or stated, before=1), whole=whole)
        note = f"its first line says that {named(stated)} separates the cells"
        return replace(look.dialect, notes=(note, *look.dialect.notes))
    others = [delimiter for delimiter in _DELIMITERS if delimiter != usual and delimiter in sample]
    best = _best([_look(sample, Dialect(each), whole=whole) for each in (usual, *others)])
    if asked is not None:
        own = Dialect(asked, spaces=asked == " ")
        dialect, mark = _look(sample, own, whole=whole).dialect, named(best.dialect.delimiter)
        wide = len(dialect.header) < 2 < best.width + 1
        note = f"data.delimiter gives one column, where {mark} would give {best.width}" * wide
    elif best.width < 2:
        return _single(sample, best, usual, whole=whole)
    else:
        dialect, mark = best.dialect, named(best.dialect.delimiter)
        unusual = best.dialect.delimiter != usual
        note = f"{mark} separates its cells; set data.delimiter if that is wrong" * unusual
    return replace(dialect, notes=(note, *dialect.notes) if note else dialect.notes)


def named(delimiter: str) -> str:
    """Return a delimiter as a sentence names it."""
    return _NAMES.get(delimiter, repr(delimiter))


def _best(looks: Sequence[_Look]) -> _Look:
    """Return the look that fits; the first, the usual delimiter, where several do."""
    fitting = [look for look in looks if look.width > 1 and look.agree == 1]
    if fitting:
        return min(fitting, key=lambda look: (not look.clean, look.dialect.before, not look.tight))
    several = [look for look in looks if look.width > 1]
    return max(several, key=lambda look: look.agree) if several else looks[0]


def _single(sample: str, best: _Look, usual: str, *, whole: bool) -> Dialect:
    """Return the dialect of one column; where its cells hold the delimiter, it separates nothing."""
    alone = _look(sample, Dialect(_ABSENT), whole=whole).dialect
    if best.agree == 1:
        return alone
    note = (
        f"its header names one column, so {named(usual)} in its cells separates nothing; set "
        "data.delimiter if that is wrong"
    )
    return replace(alone, notes=(note, *alone.notes))


def _look(sample: str, dialect: Dialect, *, whole: bool) -> _Look:
    """Return the sample under a delimiter, with the quotes that suit it."""
    look = _read(sample, dialect, whole=whole)
    delimiter = re.escape(dialect.delimiter)
    changes = []
    if not look.clean and '\\"' in sample:
        note = "a backslash stands before quotes in its cells"
        changes.append((replace(dialect, escape="\\"), note))
    if re.search(rf'{delimiter} +"', sample):
        changes.append((replace(dialect, spaces=True), ""))
    of_cells = rf"(?:^|{delimiter})'[^'\n]*'(?:{delimiter}|\r|$)"
    named_so = bool(look.dialect.header) and _SINGLE.match(look.dialect.header[0]) is not None
    if named_so or (look.agree < 1 and re.search(of_cells, sample, re.MULTILINE)):
        changes.append((replace(dialect, quote="'"), "single quotes stand around its cells"))
    for changed, note in changes:
        other = _read(sample, changed, whole=whole)
        if (other.agree, other.clean) >= (look.agree, look.clean) and other.cells != look.cells:
            notes = (*other.dialect.notes, note) if note else other.dialect.notes
            look = replace(other, dialect=replace(other.dialect, notes=notes))
    return look


def _read(sample: str, dialect: Dialect, *, whole: bool) -> _Look:
    """Return how the rows below the header agree with it; lines before it are told."""
    rows, clean = _rows(sample, dialect, whole=whole)
    rows = [row for row in rows if row.before >= dialect.before and row.cells]
    if not rows:
        return _Look(dialect, 1.0, clean=clean)
    start = header_position(rows)
    header, names = rows[start], tuple(rows[start].names)
    body = [row.cells for row in rows[start + 1 :] if not row.is_comment]
    width = len(names)
    fits = [len(cells) >= width and not any(cells[width:]) for cells in body]
    notes = list(dialect.notes)
    if start:
        notes.append(f"the header is line {header.before + 1}; the lines before it are left out")
    if looks_like_a_row(names):
        notes.append(
            "some names of columns are numbers; if the first line is a row, put names above it"
        )
    return _Look(
        replace(dialect, before=header.before, header=names, notes=tuple(notes)),
        sum(fits) / len(fits) if fits else 1.0,
        clean=clean,
        cells=[[cell.strip() for cell in cells] for cells in body],
    )


def _rows(sample: str, dialect: Dialect, *, whole: bool) -> tuple[list[SampleRow], bool]:
    """Return the first rows, each with the number of lines before it, and whether all quotes stand well."""
    _, replaced = one_letter(dialect.delimiter)
    text = sample.replace(*replaced) if replaced else sample
    rows: list[SampleRow] = []
    for strict in (True, False):
        rows, before = [], 0
        reader = csv.reader(io.StringIO(text, newline=""), strict=strict, **dialect.reading)
        try:
            with wide_cells():
                for cells in islice(reader, _ROWS_LOOKED_AT):
                    rows.append(SampleRow(before, cells))
                    before = reader.line_num
        except csv.Error as error:
            # The sample may end within a cell.
            if strict and (whole or "unexpected end" not in str(error)):
                continue
        cut = not whole and len(rows) > 1 and len(rows) < _ROWS_LOOKED_AT
        return rows[:-1] if cut else rows, strict
    return rows, False


@contextmanager
def wide_cells() -> Iterator[None]:
    """Let Python's reader take cells of any length."""
    before = csv.field_size_limit((1 << 31) - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)

"""The dialect of a CSV, found by looking at its first rows.

A delimiter fits where the header and the rows below it have the same number of cells, at least two. Where several
fit, the one that the file's ending names wins. A file given later is looked at anew; so every rule asks the
header first, and a file of one row is read as the row in its whole file is.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = [
    "Dialect",
    "find_dialect",
    "is_number_like",
    "known_delimiter",
    "named",
    "one_letter",
    "wide_cells",
]

_DELIMITERS = (",", ";", "\t", "||", "|", "^", "~", "¦", "\x1f", "\x01", "::")
_ABSENT = "\x1f"  # the delimiter of a file of one column: it stands in none of its cells
_ROWS_LOOKED_AT = 1000
_MOST_BEFORE = 50  # lines before a header
_NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?%?", re.ASCII)
_SAID = re.compile(r'\s*"?sep=(.|\\t)"?[,;\t|]*\s*', re.IGNORECASE)
_SINGLE = re.compile(r"\s*'.*'\s*")
_COMMENT = re.compile(r"#(?:[\s!#]|$)")
_NAMES = {"\t": "a tab", " ": "a space", "\x1f": "the unit separator", "\x01": "Ctrl-A"}


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
    def reading(self) -> dict[str, Any]:
        """Settings of Python's reader."""
        return {
            "delimiter": one_letter(self.delimiter)[0],
            "quotechar": self.quote,
            "escapechar": self.escape or None,
            "skipinitialspace": self.spaces,
        }

    @property
    def plain(self) -> bool:
        """Whether Arrow's reader knows it."""
        return len(self.delimiter) == 1 and self.delimiter.isascii() and not self.spaces


@dataclass(frozen=True)
class _Look:
    """A sample under one dialect.

    Attributes:
        dialect: tried.
        agree: share of the rows below the header with as many cells.
    """

    dialect: Dialect
    agree: float

    @property
    def width(self) -> int:
        return len(self.dialect.header)

    @property
    def tight(self) -> bool:
        """Whether no name but the first begins with a blank, as behind a comma in a sentence."""
        return not any(name[:1] == " " for name in self.dialect.header[1:])


@dataclass(frozen=True)
class _Row:
    """A row of the sample.

    Attributes:
        before: number of lines before it.
        cells: as written.
    """

    before: int
    cells: list[str]

    @property
    def comment(self) -> bool:
        """Whether it begins with a hash and a blank, or is nothing but hashes."""
        first = self.cells[0] if self.cells else ""
        return _COMMENT.match(first) is not None and (first.strip() != "#" or len(self.cells) == 1)

    @property
    def names(self) -> bool:
        """Whether its cells could name columns: all filled but perhaps the first, none a number, none twice."""
        cells = [cell.strip() for cell in self.cells]
        tight = not any(cell[:1] == " " for cell in self.cells[1:])
        told = len(set(cells)) == len(cells) and all(cells[1:])
        return told and tight and not any(map(is_number_like, cells))


def one_letter(delimiter: str) -> tuple[str, tuple[str, str] | None]:
    """Return the delimiter for a reader that takes one letter, and what is replaced by it in each line."""
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
    candidates = [asked] if asked else [usual, *(d for d in _DELIMITERS if d != usual)]
    looks = [
        _look(sample, Dialect(delimiter), whole=whole)
        for delimiter in candidates
        if delimiter == candidates[0] or delimiter in sample
    ]
    best = _best(looks)
    if asked is None and best.width < 2:
        return _single(sample, best, usual, whole=whole)
    dialect = best.dialect
    if asked is None and dialect.delimiter != usual:
        note = (
            f"{named(dialect.delimiter)} separates its cells; set data.delimiter if that is wrong"
        )
        dialect = replace(dialect, notes=(note, *dialect.notes))
    return dialect


def known_delimiter(text: str) -> str:
    r"""Return a delimiter; `tab` and `\t` are one, too.

    Raises:
        ValueError: it is no delimiter.
    """
    delimiter = {"tab": "\t", "\\t": "\t", "space": " "}.get(text.lower(), text)
    if not 1 <= len(delimiter) <= 4 or re.search(r"[\w\"'\r\n]", delimiter):
        raise ValueError(
            "should be one to four signs such as ; or tab, no letters, digits or quotes"
        )
    return delimiter


def named(delimiter: str) -> str:
    """Return a delimiter as a sentence names it."""
    return _NAMES.get(delimiter, repr(delimiter))


def is_number_like(cell: str) -> bool:
    """Return whether a cell is a number in some spelling.

    >>> [is_number_like(cell) for cell in ("1.234,5", " 7 ", "2024", "v2", "")]
    [True, True, True, False, False]
    """
    return _NUMBER.fullmatch(cell.strip()) is not None


def _best(looks: Sequence[_Look]) -> _Look:
    """Return the look that fits; the first, the usual delimiter, where several do."""
    fitting = [look for look in looks if look.width > 1 and look.agree == 1]
    if fitting:
        return next((look for look in fitting if look.tight), fitting[0])
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
    plain = _rows(sample, dialect, whole=whole)
    look = _headed(plain, dialect)
    delimiter = re.escape(dialect.delimiter)
    changes: list[tuple[Dialect, str]] = []
    if '\\"' in sample and re.search(rf'\\"(?!\s*(?:{delimiter}|\r|\n|$))', sample):
        changes.append(
            (replace(dialect, escape="\\"), "a backslash stands before quotes in its cells")
        )
    if re.search(rf'{delimiter} +"', sample):
        changes.append((replace(dialect, spaces=True), ""))
    single = (replace(dialect, quote="'"), "single quotes stand around its cells")
    if (_SINGLE.match(look.dialect.header[0]) if look.dialect.header else False) or (
        look.agree < 1
        and re.search(rf"(?:^|{delimiter})'[^'\n]*'(?:{delimiter}|\r|$)", sample, re.MULTILINE)
    ):
        changes.append(single)
    for changed, note in changes:
        other = _headed(_rows(sample, changed, whole=whole), changed)
        better = other.agree > look.agree or (
            other.agree == look.agree and changed.escape + changed.quote != '"'
        )
        if other.width and better:
            notes = (*other.dialect.notes, note) if note else other.dialect.notes
            look = replace(other, dialect=replace(other.dialect, notes=notes))
    return look


def _rows(sample: str, dialect: Dialect, *, whole: bool) -> list[_Row]:
    """Return the first rows, each with the number of lines before it."""
    rows, before = [], 0
    _, replaced = one_letter(dialect.delimiter)
    text = io.StringIO(sample.replace(*replaced) if replaced else sample, newline="")
    with wide_cells():
        reader = csv.reader(text, **dialect.reading)
        for cells in reader:
            rows.append(_Row(before, cells))
            before = reader.line_num
            if len(rows) == _ROWS_LOOKED_AT:
                return rows
    return rows if whole or len(rows) < 2 else rows[:-1]


def _headed(rows: Sequence[_Row], dialect: Dialect) -> _Look:
    """Return how the rows below the header agree with it; lines before it are told."""
    rows = [row for row in rows if row.before >= dialect.before and row.cells]
    if not rows:
        return _Look(dialect, 1.0)
    counts = Counter(len(row.cells) for row in rows)
    width = max(counts, key=lambda count: (counts[count], count))
    start = _after_comments(rows, width)
    start = _after_preamble(rows, start, width)
    header, body = rows[start], [row for row in rows[start + 1 :] if not row.comment]
    names = tuple(header.cells)
    if header.comment:
        names = (names[0].lstrip("# "), *names[1:])
    note = f"the header is line {header.before + 1}; the lines before it are left out"
    notes = (*dialect.notes, note) if start else dialect.notes
    fits = [
        len(row.cells) == len(names)
        or (len(row.cells) > len(names) and not any(row.cells[len(names) :]))
        for row in body
    ]
    agree = sum(fits) / len(fits) if fits else 1.0
    return _Look(replace(dialect, before=header.before, header=names, notes=notes), agree)


def _after_comments(rows: Sequence[_Row], width: int) -> int:
    """Return the first row that is no comment, or the last comment if it holds the names."""
    first = next((i for i, row in enumerate(rows) if not row.comment), 0)
    named_so = first > 0 and width > 1 and len(rows[first - 1].cells) == width
    return first - 1 if named_so and not rows[first].names else first


def _after_preamble(rows: Sequence[_Row], start: int, width: int) -> int:
    """Return the row of the header: `start`, or a later one below lines that are no rows."""
    top = rows[start]
    filled = sum(map(bool, map(str.strip, top.cells)))
    padded = len(top.cells) == width and (filled < 2 < width or filled < 3 < width - 1)
    if width < 2 or (len(top.cells) >= width and not padded):
        return start
    for position in range(start + 1, min(len(rows), start + _MOST_BEFORE)):
        row = rows[position]
        if len(row.cells) == width and row.names:
            break
        if len(row.cells) > width or sum(map(bool, row.cells)) > max(2, width // 2):
            return start
    else:
        return start
    body = [other.cells for other in rows[position + 1 :] if len(other.cells) == width]
    if len(body) < 0.9 * len(rows[position + 1 :]) or not body:
        return start
    gap = rows[position - 1].before + 1 < row.before  # a blank line
    prose = width > 2 and all(re.search(r"[\s:]", above.cells[0]) for above in rows[start:position])
    numeric = any(all(is_number_like(cells[i]) for cells in body) for i in range(width))
    return position if padded or gap or prose or numeric else start


@contextmanager
def wide_cells() -> Iterator[None]:
    """Let Python's reader take cells of any length."""
    before = csv.field_size_limit((1 << 31) - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)

"""The header among the first lines of a CSV: comments, a title and blank lines may stand before it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["SampleRow", "header_position", "is_number_like", "looks_like_a_row"]

_MOST_BEFORE = 50  # lines before a header
_NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d+)?%?", re.ASCII)
_PLAIN = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
_COMMENT = re.compile(r"#(?:[\s!#]|$)")


@dataclass(frozen=True)
class SampleRow:
    """A row of the sample.

    Attributes:
        before: number of lines before it.
        cells: as written.
    """

    before: int
    cells: list[str]

    @property
    def is_comment(self) -> bool:
        """True if it begins with a hash and a blank, or is nothing but hashes."""
        first = self.cells[0] if self.cells else ""
        return _COMMENT.match(first) is not None and (first.strip() != "#" or len(self.cells) == 1)

    @property
    def could_name(self) -> bool:
        """True if its cells could name columns: all filled but perhaps the first, none a number, hardly any twice."""
        cells = [cell.strip() for cell in self.cells]
        tight = not any(cell[:1] == " " for cell in self.cells[1:])
        told = 2 * len(set(cells)) > len(cells) and all(cells[1:])
        return told and tight and not any(map(is_number_like, cells))

    @property
    def names(self) -> list[str]:
        """Its cells as names of columns; a comment's sign is none of a name."""
        first, *others = self.cells
        return [first.lstrip("# ") if self.is_comment else first, *others]


def header_position(rows: Sequence[SampleRow]) -> int:
    """Return which of the first rows of a file, none of them blank, is the header."""
    counts = Counter(len(row.cells) for row in rows)
    width = max(counts, key=lambda count: (counts[count], count))
    return _after_preamble(rows, _after_comments(rows, width), width)


def is_number_like(cell: str) -> bool:
    """Return whether a cell is a number in some spelling.

    >>> [is_number_like(cell) for cell in ("1.234,5", " 7 ", "2024", "v2", "")]
    [True, True, True, False, False]
    """
    return _NUMBER.fullmatch(cell.strip()) is not None


def looks_like_a_row(names: Sequence[str]) -> bool:
    """Return whether several names are numbers, and not rising ones such as years.

    >>> looks_like_a_row(["39", "State-gov", "13"]), looks_like_a_row(["country", "2023", "2024"])
    (True, False)
    """
    numbers = [float(name) for name in names if _PLAIN.fullmatch(name.strip())]
    return len(numbers) > 1 and any(after <= before for before, after in pairwise(numbers))


def _after_comments(rows: Sequence[SampleRow], width: int) -> int:
    """Return the first row that is no comment, or the last comment if it holds the names."""
    first = next((i for i, row in enumerate(rows) if not row.is_comment), 0)
    named_so = first > 0 and width > 1 and len(rows[first - 1].cells) == width
    return first - 1 if named_so and not rows[first].could_name else first


def _after_preamble(rows: Sequence[SampleRow], start: int, width: int) -> int:
    """Return the row of the header: `start`, or a later one below lines that are no rows."""
    top = rows[start]
    filled = sum(map(bool, map(str.strip, top.cells)))
    padded = len(top.cells) == width and (filled < 2 < width or filled < 3 < width - 1)
    as_wide = len(top.cells) >= width and not padded
    uneven = start + 1 < len(rows) and len(rows[start + 1].cells) < width
    if width < 2 or (as_wide and not uneven):
        return start
    for position in range(start + 1, min(len(rows), start + _MOST_BEFORE)):
        row = rows[position]
        if len(row.cells) == width and row.could_name:
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
    return position if gap or (not as_wide and (padded or prose or numeric)) else start

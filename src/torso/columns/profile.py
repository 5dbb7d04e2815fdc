"""Facts about a column from which its kind is guessed, each computed once.

Shares and counts come from a sample of 3,000 rows, so a large table is judged as fast as a small one.
Cells that say NA, ? or the like count as no value where they are rare and unlike the others (`missing_signs`). Text of
which every cell is a number is judged as numbers, whether a CSV holds it or a frame.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from torso.columns.dates import spelling_of
from torso.columns.missing_signs import foreign_signs
from torso.tables.arrays import index_array
from torso.tables.dates import FoundDates
from torso.tables.missing import may_mean_missing
from torso.tables.numbers.finder import FoundNumbers, find_numbers
from torso.tables.numbers.numerals import as_numbers
from torso.tables.table import Column
from torso.tables.types.media_cells import MEDIA, file_of

__all__ = ["FEW_WHOLE_NUMBERS", "MOSTLY", "Guess", "Profile", "quoted"]

FEW_WHOLE_NUMBERS = 20
"""Up to this many distinct whole numbers may be names of classes."""
_OFTEN, _FEW_WORDS = (
    0.8,
    3,
)  # share of numbers beside at most so many different words for "no value"
MOSTLY = 0.9
"""Share of the cells that must agree on what they are: numbers, or lists of one length."""
_BEYOND_WHOLE = 2.0**64  # float64 has nothing but whole numbers there
_SAMPLE = 3_000  # rows
_SAMPLE_OF_LARGE = 500  # rows, where a cell is a list or the bytes of a file
_MOST_EXACT = 2**53  # beyond it, a float skips whole numbers
_LISTS_PARSED = 500  # JSON texts
_SHARED = 2_000  # values of which shares are counted
_LONGEST_EXAMPLE = 40  # characters


@dataclass(frozen=True)
class Guess:
    """The kind that a column seems to be.

    Attributes:
        kind: its name; empty if the column cannot be used, for the reason in `why`.
        why: the evidence.
        warnings: what the user should know before training.
        use: whether the column is a sensible input.
        settings: of the kind, under which it reads these cells.
    """

    kind: str
    why: str
    warnings: tuple[str, ...] = ()
    use: bool = True
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """A column, and facts about it.

    Attributes:
        column: the column.
        decimal: mark before the decimals of its numbers, where it is known.

    >>> from torso.tables import read_table
    >>> cells = Profile(read_table({"age": ["Adult", "Juvenile", "?", "Adult"]}).column("age"))
    >>> cells.values, cells.signs, cells.distinct, cells.numeric_share
    (['Adult', 'Juvenile', 'Adult'], ('?',), 3, 0.0)
    """

    column: Column
    decimal: str | None = None

    @cached_property
    def type(self) -> pa.DataType:
        """Arrow type of the cells; a type of numbers for text of nothing but numbers."""
        return self.sample.type

    @cached_property
    def is_text(self) -> bool:
        """True for text."""
        return bool(pa.types.is_large_string(self.type))

    @cached_property
    def is_number(self) -> bool:
        """True for numbers."""
        return bool(pa.types.is_integer(self.type) or pa.types.is_float64(self.type))

    @cached_property
    def is_categorical(self) -> bool:
        """True for plain values of a categorical type that come back, so that the type is meant."""
        plain = self.is_text or self.is_number or pa.types.is_boolean(self.type)
        few = len(self.counts) <= 0.5 * len(self.values) or self.column.ordered
        return self.column.categories is not None and plain and few

    @cached_property
    def are_whole(self) -> bool:
        """True if all sampled values, which are numbers, are whole."""
        numbers = map(float, self.counts)
        return all(number.is_integer() and abs(number) < _BEYOND_WHOLE for number in numbers)

    @cached_property
    def is_beyond_floats(self) -> bool:
        """True for whole numbers of which some have more digits than a float keeps."""
        if not pa.types.is_integer(self.type):
            return False
        ends = pc.min_max(self.sample).as_py()
        return any(end is not None and abs(end) > _MOST_EXACT for end in ends.values())

    @cached_property
    def is_bytes(self) -> bool:
        """True for bytes."""
        return bool(pa.types.is_large_binary(self.type))

    @cached_property
    def is_large(self) -> bool:
        """True if a cell is a list or the bytes of a file, which cannot be counted cheaply."""
        stored = self.column.values.type
        return bool(pa.types.is_nested(stored) or pa.types.is_large_binary(stored))

    @cached_property
    def missing(self) -> float:
        """Share of the cells without a value."""
        return float(self.column.values.null_count / max(1, len(self.column)))

    @cached_property
    def sample(self) -> pa.Array:
        """The sampled cells, fewer where a cell is large; text of nothing but numbers as numbers."""
        cells = self.written
        return as_numbers(cells) if pa.types.is_large_string(cells.type) else cells

    @cached_property
    def written(self) -> pa.Array:
        """The sampled cells as they are stored."""
        return self.sampled.values

    @cached_property
    def sampled(self) -> Column:
        """The column of the sampled cells, as they are stored."""
        rows = _sample_rows(len(self.column), _SAMPLE_OF_LARGE if self.is_large else _SAMPLE)
        if len(rows) == len(self.column):
            return self.column
        own = self.column.original_rows
        numbers = rows if own is None else own[rows]
        values = self.column.values.take(index_array(rows))
        return replace(self.column, values=values, original_rows=numbers)

    @cached_property
    def values(self) -> list[Any]:
        """The sampled cells that hold a value; signs for missing hold none."""
        cells = [cell for cell in self.sample.to_pylist() if cell is not None]
        if self.type == MEDIA:
            return [file_of(cell) for cell in cells]
        return [cell for cell in cells if cell not in self.signs] if self.signs else cells

    @cached_property
    def signs(self) -> tuple[str, ...]:
        """Texts of the sampled cells that mean "missing" among the others, most frequent first."""
        if not self.is_text:
            return ()
        counted = pc.value_counts(pc.drop_null(self.sample))
        texts, times = (counted.field(part).to_pylist() for part in ("values", "counts"))
        return foreign_signs(dict(zip(texts, times, strict=True)))

    @cached_property
    def markers(self) -> list[str]:
        """Texts that may mean "missing" but seem to be values, most frequent first."""
        if not self.is_text:
            return []
        return [text for text, _ in self.counts.most_common() if may_mean_missing(text)]

    @cached_property
    def counts(self) -> Counter[Any]:
        """Value -> how often it occurs in the sample."""
        return Counter(self.values if self.is_number or self.is_text else map(str, self.values))

    @cached_property
    def distinct(self) -> int:
        """Number of distinct values in the whole column; of lists and bytes, in the sample."""
        if self.is_large:
            return len(self.counts)
        values = self.column.values
        if pa.types.is_large_string(values.type) and len(self.counts) > len(self.values) / 2:
            return _distinct_texts(values)
        if pa.types.is_null(values.type):
            return 0
        return int(pc.count_distinct(values, mode="only_valid").as_py())

    @cached_property
    def example(self) -> str:
        """The first value, in at most 40 characters."""
        cell = next(iter(self.values), None)
        if cell is None:
            return ""
        text = f"{len(cell)} bytes" if isinstance(cell, bytes) else str(cell)
        text = " ".join(text.split())
        return text if len(text) <= _LONGEST_EXAMPLE else f"{text[: _LONGEST_EXAMPLE - 1]}…"

    @cached_property
    def lists(self) -> list[list[Any]] | None:
        """The sampled values as lists, also from JSON text; None if they are no lists."""
        if pa.types.is_list(self.type):
            return self.values
        if not self.is_text or self.share(lambda text: text.startswith("[")) < MOSTLY:
            return None
        parsed = [_json_list(text) for text in self.values[:_LISTS_PARSED]]
        lists = [cell for cell in parsed if cell is not None]
        return lists if len(lists) >= MOSTLY * len(parsed) else None

    @cached_property
    def dates(self) -> FoundDates | None:
        """The spelling of dates in texts or numbers; None if they are none."""
        return spelling_of(self.column)

    @cached_property
    def numeric_share(self) -> float:
        """Share of the sampled values that are numbers; codes such as "007" are none."""
        if not self.is_text or self.numbers is None:
            return 0.0
        return 1.0 if self.words_among_numbers else self.numbers.share

    @cached_property
    def numbers(self) -> FoundNumbers | None:
        """The way that numbers are written in cells of text; None if hardly any cell is one."""
        if not pa.types.is_large_string(self.written.type):
            return None
        cells = self.written
        for text in (*self.signs, *self.markers):
            cells = cells.filter(pc.not_equal(cells, text))
        return find_numbers(cells, self.decimal)

    @cached_property
    def words_among_numbers(self) -> list[str]:
        """Words that stand in up to a fifth of the cells of a column of many numbers, and mean "no value" there."""
        seen = self.numbers
        if seen is None or not _OFTEN <= seen.share < MOSTLY or self.distinct <= FEW_WHOLE_NUMBERS:
            return []
        words = [text for text in seen.unread if not re.search(r"\d", text)]
        return words if len(words) == len(seen.unread) <= _FEW_WORDS else []

    @cached_property
    def names_ranks(self) -> bool:
        """True for few ordinals or ranges, such as 1st or 20-30: as labels they are classes in an order."""
        seen = self.numbers
        return (
            seen is not None
            and bool({"ordinals", "ranges"} & set(seen.format.forms))
            and self.distinct <= FEW_WHOLE_NUMBERS
        )

    @cached_property
    def measured(self) -> pa.Array:
        """The sample, as floats where it is text that mostly means numbers."""
        if self.numeric_share < MOSTLY or self.numbers is None:
            return self.sample
        form = self.numbers.format
        floats = form.in_one_unit(form.parse(self.written))
        # `pa.array` would import pandas.
        values = pa.Array.from_buffers(pa.float64(), len(floats), [None, pa.py_buffer(floats)])
        return pc.if_else(pc.is_nan(values), pa.nulls(len(floats), pa.float64()), values)

    def share(self, holds: Callable[[Any], object]) -> float:
        """Return the share of the sampled values, of 2,000 at most, for which `holds` is true."""
        some = self.values[:: max(1, len(self.values) // _SHARED)]
        return sum(1 for value in some if holds(value)) / max(1, len(some))


def _distinct_texts(texts: pa.Array) -> int:
    """Count distinct texts of which most are so; Arrow's own way would hold them all a second time."""
    hashes: set[int] = set()
    for start in range(0, len(texts), _SAMPLE):
        hashes.update(map(hash, texts.slice(start, _SAMPLE).drop_null().to_pylist()))
    return len(hashes)


def _json_list(text: str) -> list[object] | None:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, list) else None


def _sample_rows(rows: int, most: int) -> np.ndarray:
    """Return at most `most` of the positions below `rows`, ascending, the same for the same number of rows."""
    if rows <= most:
        return np.arange(rows)
    # Drawn, since every twentieth row of a table in some order may be of one kind.
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False, shuffle=False))


def quoted(values: Sequence[object]) -> str:
    """Return the first three values as a message names them.

    >>> quoted(["NA", "?"])
    "'NA' and '?'"
    """
    first = " and ".join(repr(value) for value in values[:3])
    return f"{first} and others" if len(values) > 3 else first

"""Several labels in one cell: how they are written, read cell by cell, and found by looking.

`a; b`, `["a", "b"]`, `['a' 'b']`, `{a,b}`, `<a><b>` and list columns all hold the labels a and b. A text of which the
parts never come back, or always stand beside the same ones (`Paris, France`, `Washed / Wet`), holds one label.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from torso.columns.cells import is_text, text_of
from torso.columns.profile import MOSTLY, Profile
from torso.core.errors import ConfigError
from torso.tables.table import Column

__all__ = ["FoundSets", "SetFormat", "find_sets", "likely_delimiter"]

_CLEAR = ("|", ";", "\n", "；", "｜", "、", "•", "·", "::", "~", "^", "\t")
"""Marks that names and sentences seldom hold."""
_COMMON = (",", "，", "/", "&", "+")
"""Marks that stand in names and sentences too, so that the parts must say more."""
_BETWEEN_HASHTAGS = " "
_DEFAULT = "|"
_LOOKED_AT = 2500  # rows
_FIRST_LOOK = 200  # cells, or parts of cells
_FEW_LABELS = 20
_LONGEST_LABEL = 4  # words, on average
_LONGEST_CELL = 200  # characters, on average
_QUOTED = re.compile(r"""[\s,]*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""", re.DOTALL)
_ANGLED = re.compile(r"(?:<[^<>]+>\s*)+")
_NUMBER = re.compile(r"[+-]?[0-9]*\.?[0-9]+")
_OPENING = frozenset("[({<f \t\n")
"""Signs with which a list begins that is written as text."""
_BRACKETS = {"[": "]", "(": ")", "{": "}"}


@dataclass(frozen=True)
class SetFormat:
    """The way in which cells hold labels.

    >>> SetFormat(";").labels("old; loud;; old")
    ['old', 'loud']
    >>> SetFormat().labels('["old", "loud"]')
    ['old', 'loud']

    Attributes:
        delimiter: what separates the labels of a text that is no list.
    """

    delimiter: str = _DEFAULT

    @classmethod
    def of(cls, delimiter: str | None, column: Column | None = None) -> SetFormat:
        """Return the format with `delimiter`; if that is open, the one that suits the cells of `column`."""
        if delimiter is not None:
            if not delimiter:
                raise ConfigError(
                    "`delimiter` of sets should not be empty. Found ''. Name a mark such as ';'."
                )
            return cls(delimiter)
        return cls((column is not None and likely_delimiter(Profile(column))) or _DEFAULT)

    def labels(self, cell: object) -> list[str]:
        """Return the different labels of a cell, in its order."""
        parts: Iterable[object]
        if isinstance(cell, str):
            listed = _listed(cell, self.delimiter) if cell[:1] in _OPENING else None
            parts = cell.split(self.delimiter) if listed is None else listed
        else:
            parts = cell if isinstance(cell, Iterable) else [cell]
        texts = (part if isinstance(part, str) else text_of(part) for part in parts)
        trimmed = (text.strip() for text in texts if text)
        return list(dict.fromkeys(filter(None, trimmed)))

    def read(self, column: Column) -> list[list[str] | None]:
        """Return the labels of each row; None where the cell is missing."""
        values = column.values
        types = pa.types
        if (
            types.is_struct(values.type)
            or types.is_map(values.type)
            or types.is_large_binary(values.type)
        ):
            raise column.error(
                0,
                f"expected lists of labels or text with {self.delimiter!r} between them, found {values.type}. "
                "Give the column another kind, or leave it out",
            )
        if not is_text(values):
            return [None if cell is None else self.labels(cell) for cell in values.to_pylist()]
        known: dict[str, list[str]] = {}
        cells = values.to_pylist()
        for cell in cells:
            if cell is not None and cell not in known:
                known[cell] = self.labels(cell)
        return [None if cell is None else known[cell] for cell in cells]

    def between(self, column: Column) -> str | None:
        """Return the mark between the labels of most texts, blanks included; None if most are lists."""
        joints: Counter[str | None] = Counter()
        for text in column.values.drop_null().unique().to_pylist():
            if _listed(text, self.delimiter) is not None:
                joints[None] += 1
            elif self.delimiter in text:
                first, second = text.split(self.delimiter)[:2]
                before = first[len(first.rstrip()) :]
                joints[before + self.delimiter + second[: len(second) - len(second.lstrip())]] += 1
        return joints.most_common(1)[0][0] if joints else self.delimiter


@dataclass(frozen=True)
class FoundSets:
    """Sets of labels that a column seems to hold.

    Attributes:
        settings: of the format, where it is not the default.
        labels: number of different ones in the cells looked at.
        combinations: number of different cells.
        why: the evidence.
        clear: whether cells can hardly be meant otherwise.
    """

    settings: Mapping[str, str]
    labels: int
    combinations: int
    why: str
    clear: bool


def find_sets(profile: Profile) -> FoundSets | None:
    """Return how the cells of a column hold sets of labels; None if they do not seem to."""
    values = profile.values[:: 1 + len(profile.values) // (_LOOKED_AT + 1)]
    if pa.types.is_list(profile.type):
        return _of_lists(values, "lists")
    if not profile.is_text or profile.is_number or not values:
        return None
    if sum(map(len, values)) > _LONGEST_CELL * len(values):
        return None
    if sum(text[:1] in _OPENING for text in values) >= MOSTLY * len(values):
        listed = (_listed(text, ",") for text in values)
        lists = [labels for labels in listed if labels is not None]
        if len(lists) >= MOSTLY * len(values):
            return _of_lists(lists, "lists, written as text,")
    hashed = all(word.startswith("#") for text in values for word in text.split())
    marks = (_BETWEEN_HASHTAGS,) if hashed else (*_CLEAR, *_COMMON)
    marked = [_Marked(mark, values) for mark in marks]
    marked.sort(key=lambda cells: (cells.mark in _COMMON, -len(cells.joined)))
    return next((cells.found() for cells in marked if cells.holds_sets), None)


def likely_delimiter(profile: Profile) -> str | None:
    """Return the mark between the labels of cells that are said to be sets; None if they hold none."""
    sets = find_sets(profile)
    if sets is not None:
        return sets.settings.get("delimiter")
    texts = profile.values if profile.is_text else []
    counts = {mark: sum(mark in text for text in texts) for mark in (*_CLEAR, *_COMMON)}
    best = max(counts, key=lambda mark: (mark in _CLEAR and counts[mark] > 0, counts[mark]))
    return best if counts[best] else None


def _of_lists(lists: Sequence[Sequence[object]], written: str) -> FoundSets | None:
    """Return lists of texts, or of few whole numbers in lists of many lengths, as sets."""
    items = [item for cell in lists for item in cell if item is not None]
    if not items or not any(lists):
        return None
    named = all(isinstance(item, str) for item in items)
    if not named and not _are_codes(lists, items):
        return None
    cells = {tuple(SetFormat().labels(cell)) for cell in lists}
    labels = len({label for cell in cells for label in cell})
    return FoundSets({}, labels, len(cells), f"{written} of {labels} labels", clear=True)


def _are_codes(lists: Sequence[Sequence[object]], items: Sequence[object]) -> bool:
    """Return whether lists hold whole numbers that name things: few ones, in lists of many lengths."""
    if not all(isinstance(item, int) and not isinstance(item, bool) for item in items):
        return False
    lengths = Counter(len(cell) for cell in lists if len(cell))
    varied = lengths.most_common(1)[0][1] < MOSTLY * lengths.total()
    unordered = all(len(set(cell)) == len(cell) for cell in lists)
    return varied and unordered and len(set(items)) <= len(items) / 5


class _Marked:
    """Cells as they fall apart at a mark."""

    def __init__(self, mark: str, cells: Sequence[str]) -> None:
        self.mark = mark
        self.cells = cells
        self.joined = [cell for cell in cells if mark in cell]

    @cached_property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Each different cell -> its labels."""
        form = SetFormat(self.mark)
        return {cell: tuple(form.labels(cell)) for cell in dict.fromkeys(self.cells)}

    @cached_property
    def bags(self) -> list[tuple[str, ...]]:
        """The labels of each different cell."""
        return list(self.labels.values())

    @cached_property
    def several(self) -> list[tuple[str, ...]]:
        """The labels of each different cell that has more than one."""
        return [bag for bag in self.bags if len(bag) > 1]

    @cached_property
    def counts(self) -> Counter[str]:
        """Label -> number of rows that have it."""
        counts: Counter[str] = Counter()
        for cell in self.cells:
            counts.update(self.labels[cell])
        return counts

    @property
    def holds_sets(self) -> bool:
        """True if the parts of the cells are labels that come back in other company."""
        rows = len(self.cells)
        if len(self.joined) < max(2, 0.02 * rows) or self._all_differ() or not self.several:
            return False
        words = sum(len(label.split()) for label in self.counts) / len(self.counts)
        if words > _LONGEST_LABEL or len(self.counts) > max(_FEW_LABELS, self.counts.total() / 5):
            return False
        clear = self.mark not in _COMMON
        if self._are_fields():
            return False
        if clear and len(self.joined) >= 0.5 * rows and rows < 3 * _FEW_LABELS:
            return self.returning >= 0.5  # too few rows to ask for more
        if not clear and not self._is_mark_of_labels():
            return False
        return self.returning >= (0.8 if clear else 0.9)

    @property
    def returning(self) -> float:
        """Share of the parts of joined cells that another cell has, too."""
        cells_with = Counter(label for bag in self.bags for label in bag)
        parts = [label for bag in self.several for label in bag]
        return sum(cells_with[label] > 1 for label in parts) / len(parts)

    @property
    def free(self) -> float:
        """Share of the parts of joined cells that stand alone elsewhere, or now first, now later."""
        first = {bag[0] for bag in self.several}
        later = {label for bag in self.several for label in bag[1:]}
        free = (first & later) | {bag[0] for bag in self.bags if len(bag) == 1}
        parts = [label for bag in self.several for label in bag]
        return sum(label in free for label in parts) / len(parts)

    def _are_fields(self) -> bool:
        """Return whether each cell has as many parts, of which each place has its own values, or numbers."""
        parts = [[part.strip() for part in cell.split(self.mark)] for cell in self.cells]
        if len({len(cell) for cell in parts}) > 1:
            return False
        numeric = sum(_NUMBER.fullmatch(label) is not None for label in self.counts)
        return self.free < 0.2 or numeric >= 0.5 * len(self.counts)

    def _all_differ(self) -> bool:
        """Return whether hardly a part of the first joined cells comes back; a cheap look at sentences."""
        parts = [
            part.strip() for cell in self.joined[:_FIRST_LOOK] for part in cell.split(self.mark)
        ]
        return len(parts) > _FIRST_LOOK and len(set(parts)) > 0.9 * len(parts)

    def _is_mark_of_labels(self) -> bool:
        """Return whether a mark of names and sentences, too, separates labels here."""
        if len(self.joined) < 0.05 * len(self.cells) or len(self.several) < 3:
            return False
        if len(self.counts) > 0.6 * len(self.bags) or self.free < 0.8:
            return False
        numeric = sum(1 for label in self.counts if _NUMBER.fullmatch(label))
        return numeric < 0.5 * len(self.counts) or self._are_codes()

    def _are_codes(self) -> bool:
        """Return whether numbers at commas name things: never a date, a fraction or a number in groups of three."""
        parts = [cell.split(self.mark) for cell in self.joined]
        grouped = all(len(part.strip()) == 3 for cell in parts for part in cell[1:])
        return self.mark == "," and not grouped and any(len(cell) > 2 for cell in parts)

    def found(self) -> FoundSets:
        """Return the format, and why."""
        why = f"{len(self.counts)} labels, separated by {self.mark!r}"
        settings = {"delimiter": self.mark}
        return FoundSets(settings, len(self.counts), len(self.bags), why, self.mark not in _COMMON)


def _listed(text: str, delimiter: str) -> list[object] | None:
    """Return the items of a list that is written as text; None if it is none."""
    text = text.strip()
    if text in ("set()", "frozenset()"):
        return []
    if text.startswith("frozenset(") and text.endswith(")"):
        text = text[len("frozenset(") : -1]
    if text.startswith("<") and _ANGLED.fullmatch(text):
        return [part.strip() for part in re.findall(r"<([^<>]+)>", text)]
    if len(text) < 2 or _BRACKETS.get(text[0]) != text[-1]:
        return None
    inner = text[1:-1].strip()
    if not inner:
        return []
    if text[0] == "[":
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            parsed = None
        if isinstance(parsed, list):
            return parsed
    quoted = _quoted(inner)
    if quoted is not None:
        return quoted
    if text[0] == "(" or ":" in inner or set(inner) & set("[](){}"):
        return None  # words in brackets, a mapping, lists in a list
    return list(inner.split(delimiter if delimiter in inner else ","))


def _quoted(inner: str) -> list[object] | None:
    """Return the texts in quotes, which Python and numpy write; None if there is anything else."""
    texts: list[object] = []
    place = 0
    while (match := _QUOTED.match(inner, place)) is not None:
        texts.append(_unescaped(match[1] if match[1] is not None else match[2]))
        place = match.end()
    return None if inner[place:].strip(" ,\n\r\t") else texts


def _unescaped(text: str) -> str:
    return re.sub(r"\\(['\"\\])", r"\1", text)

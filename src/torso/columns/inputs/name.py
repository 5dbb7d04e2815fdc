"""Names as inputs: of persons, firms, farms, places; many of them repeat, and many are rare.

A category knows nothing of a rare name, and a model of texts learns little from few words. So a name is read as both:
by an index where several training rows have it, and always by its words and its groups of three or four characters.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, ClassVar
from zlib import crc32

import numpy as np
import pyarrow.compute as pc

from torso.columns import cells
from torso.columns.inputs._few_rows import FEW_ROWS
from torso.columns.inputs._input import Input, Offers
from torso.columns.inputs.category import codes
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.columns.recurrence import Recurrence
from torso.columns.sources import LookupSource
from torso.core.ranges import Range
from torso.tables.table import Column

__all__ = ["NameInput"]

_COVERED = 0.4  # share of the rows with a name that another row has
_WORDS = 6  # on average
_FEW_WORDS = 4.5  # on average, where hardly any name recurs: more are sentences
_CHARACTERS = 50  # on average
_READ = 8  # characters for each part that is read
_ORDERS = (3, 4)  # characters in a group
_START, _END = "\x02", "\x03"
_PRIME = 1_000_003
_MODULUS = 2_147_483_647


class NameInput(Input, name="name", form="names", encoder="ngrams", modality="names", rank=65):
    """A short text that often repeats, such as the name of a person, a firm or a place.

    Names are compared without regard to capitals, blanks and Unicode forms. One that fewer than two training rows hold
    has index 0 and is read by its parts alone.

    Args:
        most: names with an index of their own, the most frequent first.
        length: words and groups of characters that are read; the rest is cut.
    """

    learned = ("values",)
    quickly_learnt: ClassVar[bool] = True

    @classmethod
    def recognise(cls, profile: Profile) -> Guess | None:
        """Recognise short texts; codes are none, and in many rows only texts of which many recur."""
        if not profile.is_text or codes(profile):
            return None
        names = list(profile.counts)
        words = sum(len(name.split()) for name in names) / len(names)
        characters = sum(map(len, names)) / len(names)
        seen = Recurrence.of(profile.counts)
        rare = seen.coverage < _COVERED and (len(profile.column) >= FEW_ROWS or words > _FEW_WORDS)
        if words > _WORDS or characters > _CHARACTERS or rare:
            return None
        return Guess(
            cls.name,
            f"{profile.distinct} short texts, {seen.coverage:.0%} of the rows have one that recurs",
        )

    def __init__(
        self,
        most: Annotated[int, Range(50, 5000, log=True)] = 1000,
        length: Annotated[int, Range(16, 128, log=True)] = 64,
    ) -> None:
        self.most = most
        self.length = length
        self.values: list[str] = []
        self._indexed: tuple[list[str], dict[str, int]] = self.values, {}

    def fit(self, column: Column) -> None:
        """Learn the names that repeat, by falling frequency."""
        counts: Counter[str] = Counter()
        for count in pc.value_counts(pc.drop_null(cells.texts(column))).to_pylist():
            counts[_plain(count["values"])] += count["counts"]
        repeated = (name for name, count in counts.items() if count > 1)
        self.values = sorted(repeated, key=lambda name: (-counts[name], name))[: self.most]

    def source(self, column: Column, reading: Reading) -> LookupSource:
        """Return int64 `[rows, 1, 1 + length]`: the name's index, then a number for each part of it, 0 for none."""
        del reading
        coded = pc.dictionary_encode(cells.texts(column))
        names = [_plain(name) for name in coded.dictionary.to_pylist()]
        starts = [name[: _READ * self.length] for name in names]
        indices = self._indices()
        known = np.array([indices.get(name, 0) for name in names], np.int32)
        values = np.concatenate([known[:, None], _parts(starts, self.length)], axis=1)
        rows = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        return LookupSource([(values, rows)])

    def _indices(self) -> dict[str, int]:
        """Return name -> index from 1; made once, as a single name is read in less time."""
        if self._indexed[0] is not self.values:
            indices = {name: index for index, name in enumerate(self.values, 1)}
            self._indexed = self.values, indices
        return self._indexed[1]

    def offered(self) -> Offers:
        """Offer the number of indices, the one for rare names included."""
        return {"cardinalities": [len(self.values) + 1]}


def _plain(name: str) -> str:
    """Return a name in the one way in which it is compared."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _parts(names: Sequence[str], length: int) -> np.ndarray:
    """Return a number from 1 for each word of a name, then for each group of characters, int32 `[names, length]`."""
    if len(names) == 1:
        return _parts_of_one(names[0], length)
    words = [(row, word) for row, name in enumerate(names) for word in name.split()]
    numbers = {word: crc32(word.encode("utf-8", "surrogatepass")) for _, word in words}
    owners = [np.array([row for row, _ in words], np.int64)]
    hashed = [np.array([numbers[word] for _, word in words], np.int64)]
    points = _points("".join(f"{_START}{name}{_END}" for name in names))
    own = np.repeat(np.arange(len(names)), [len(name) + 2 for name in names])
    for order in _ORDERS:
        count = max(0, len(points) - order + 1)
        groups = np.full(count, order, np.int64)
        for offset in range(order):
            groups = (groups * _PRIME + points[offset : offset + count]) % _MODULUS
        whole = own[:count] == own[order - 1 : order - 1 + count]  # none reaches into the next name
        owners.append(own[:count][whole])
        hashed.append(groups[whole])
    row = np.concatenate(owners)
    order_of_rows = row.argsort(kind="stable")
    row, parts = row[order_of_rows], np.concatenate(hashed)[order_of_rows]
    slot = np.arange(len(row)) - np.searchsorted(row, row)
    read = slot < length
    values = np.zeros((len(names), length), np.int32)
    values[row[read], slot[read]] = parts[read] % (_MODULUS - 1) + 1
    return values


def _parts_of_one(name: str, length: int) -> np.ndarray:
    """Return the numbers of `_parts`, in less time for one name."""
    parts = [crc32(word.encode("utf-8", "surrogatepass")) for word in name.split()]
    points = [ord(character) for character in f"{_START}{name}{_END}"]
    for order in _ORDERS:
        for start in range(min(len(points) - order + 1, length - len(parts))):
            number = order
            for point in points[start : start + order]:
                number = (number * _PRIME + point) % _MODULUS
            parts.append(number)
    values = np.zeros((1, length), np.int32)
    values[0, : len(parts)] = [part % (_MODULUS - 1) + 1 for part in parts[:length]]
    return values


def _points(text: str) -> np.ndarray:
    """Return the code points of a text, int64."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)

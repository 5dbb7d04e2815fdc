"""Names as inputs: of persons, firms, farms, places; many of them repeat, and many are rare.

A category knows nothing of a rare name, and a model of texts learns little from few words. So a name is read as both:
by an index where several training rows have it, and always by its words and its groups of three or four characters.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Annotated, ClassVar

import numpy as np
import pyarrow.compute as pc

from torso.columns import cells
from torso.columns.inputs._input import Input, Offers
from torso.columns.inputs.category import codes
from torso.columns.profile import Guess, Profile
from torso.columns.reading import Reading
from torso.columns.sources import LookupSource
from torso.core.ranges import Range
from torso.tables.table import Column

__all__ = ["NameInput"]

_REPEATED = 0.4  # share of the rows with a name that another row has
_WORDS = 6  # on average
_CHARACTERS = 50  # on average
_MANY = 20  # different names
_ROWS = 100  # fewer hardly tell which names repeat, nor teach their parts
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
        """Recognise short texts of which many repeat; codes are none."""
        if not profile.is_text or len(profile.counts) <= _MANY or len(profile.values) < _ROWS:
            return None
        if codes(profile):
            return None
        names = list(profile.counts)
        words = sum(len(name.split()) for name in names) / len(names)
        characters = sum(map(len, names)) / len(names)
        if words > _WORDS or characters > _CHARACTERS:
            return None
        repeated = sum(count for count in profile.counts.values() if count > 1)
        if repeated < _REPEATED * len(profile.values):
            return None
        share = repeated / len(profile.values)
        return Guess(
            cls.name,
            f"{profile.distinct} short texts, {share:.0%} of the rows have one that repeats",
        )

    def __init__(
        self,
        most: Annotated[int, Range(50, 5000, log=True)] = 1000,
        length: Annotated[int, Range(16, 128, log=True)] = 64,
    ) -> None:
        self.most = most
        self.length = length
        self.values: list[str] = []

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
        indices = {name: index for index, name in enumerate(self.values, 1)}
        values = np.zeros((len(names), 1 + self.length), np.int32)
        for row, name in enumerate(names):
            parts = _parts(name)[: self.length]
            values[row, 0] = indices.get(name, 0)
            values[row, 1 : 1 + len(parts)] = parts
        rows = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        return LookupSource([(values, rows)])

    def offered(self) -> Offers:
        """Offer the number of indices, the one for rare names included."""
        return {"cardinalities": [len(self.values) + 1]}


def _plain(name: str) -> str:
    """Return a name in the one way in which it is compared."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _parts(name: str) -> list[int]:
    """Return a number from 1 for each word of a name, then for each group of characters, blanks included."""
    points = np.array([ord(character) for character in f"{_START}{name}{_END}"], np.int64)
    words = [_hash(np.array([[ord(c) for c in word]], np.int64), 0)[0] for word in name.split()]
    groups = [
        _hash(np.lib.stride_tricks.sliding_window_view(points, order), order)
        for order in _ORDERS
        if order <= len(points)
    ]
    return [int(number) for number in np.concatenate([words, *groups])]


def _hash(points: np.ndarray, kind: int) -> np.ndarray:
    """Return a number from 1 below 2^31 for each row of code points `[parts, characters]`."""
    hashed = np.full(len(points), kind + 1, np.int64)
    for column in points.T:
        hashed = (hashed * _PRIME + column) % _MODULUS
    return hashed % (_MODULUS - 1) + 1

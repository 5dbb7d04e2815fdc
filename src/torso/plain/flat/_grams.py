"""Words, pairs of words and groups of characters as numbers of 64 bits, many texts at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np

__all__ = ["Owned", "character_groups", "joined", "plain", "whole_texts", "words"]

Owned = tuple[np.ndarray, np.ndarray]
"""Which text each number belongs to, int64; and the numbers, uint64, spread over all values."""
Joined = tuple[np.ndarray, np.ndarray]
"""Code points of several texts, and which text each belongs to."""

_BASE = np.uint64(0x9E3779B97F4A7C15)  # of the polynomials; any odd number with many digits
_MIXERS = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)  # of MurmurHash3
_HALF = np.uint64(33)
_BLANK = 32
_LONGEST = 64  # characters after which the factors of a polynomial begin anew


def plain(text: str) -> str:
    """Return a text in the way in which texts are compared: blanks and forms of characters unified."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def words(texts: Joined) -> Owned:
    """Return a number for each word, and for each pair of neighbours; give the texts folded, as capitals would count.

    >>> owners, numbers = words(joined(["red wine", "wine"]))
    >>> owners.tolist(), bool(numbers[1] == numbers[2])
    ([0, 0, 1, 0], True)
    """
    points, owners = texts
    part = np.strings.isalnum(points.view("U1")) if len(points) else np.zeros(0, bool)
    begins = part & ~np.concatenate([[False], part[:-1]]) if len(part) else part
    starts = np.flatnonzero(begins)
    if not len(starts):
        return np.zeros(0, np.int64), np.zeros(0, np.uint64)
    inside = np.flatnonzero(part)
    word = np.cumsum(begins)[inside] - 1
    numbers = _sums(
        points[inside], inside - starts[word], np.searchsorted(word, np.arange(len(starts)))
    )
    owner = owners[starts]
    paired = owner[1:] == owner[:-1]
    pairs = _mixed(numbers[:-1][paired] * _BASE + numbers[1:][paired])
    return np.concatenate([owner, owner[:-1][paired]]), np.concatenate([numbers, pairs])


def character_groups(texts: Joined, orders: Sequence[int]) -> Owned:
    """Return a number for each group of characters within a word, the blanks around it included; capitals count.

    Args:
        texts: plain ones, joined.
        orders: characters in a group.
    """
    points, owners = texts
    wide = points.astype(np.uint64)
    blanks = np.concatenate([[0], np.cumsum(points == _BLANK)])
    hashed = np.zeros(len(points), np.uint64)
    groups: list[Owned] = []
    for order in range(1, max(orders) + 1):
        count = max(0, len(points) - order + 1)
        hashed = hashed[:count] * _BASE + wide[order - 1 : order - 1 + count] + np.uint64(1)
        if order not in orders:
            continue
        within = blanks[max(order - 1, 1) : max(order - 1, 1) + count] == blanks[1 : 1 + count]
        within &= owners[:count] == owners[order - 1 : order - 1 + count]
        if order == 2:
            within &= (points[:count] != _BLANK) | (points[1 : 1 + count] != _BLANK)
        groups.append((owners[:count][within], _mixed(hashed[within] + np.uint64(order))))
    return np.concatenate([owner for owner, _ in groups]), np.concatenate(
        [numbers for _, numbers in groups]
    )


def whole_texts(texts: Joined) -> Owned:
    """Return one number for each text that is not empty; give them folded."""
    points, owners = texts
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    if not len(starts):
        return np.zeros(0, np.int64), np.zeros(0, np.uint64)
    lengths = np.diff(np.append(starts, len(points)))
    numbers = _sums(points, np.arange(len(points)) - np.repeat(starts, lengths), starts)
    full = lengths > 2  # more than the two blanks
    return owners[starts][full], _mixed(numbers[full] + np.uint64(1))


def joined(texts: Sequence[str]) -> Joined:
    """Return the code points of all texts, a blank at both ends of each, uint32; and whose each is."""
    together = "".join(f" {text} " for text in texts)
    points = np.frombuffer(together.encode("utf-32-le", "surrogatepass"), np.uint32)
    return points, np.repeat(np.arange(len(texts)), [len(text) + 2 for text in texts])


def _sums(points: np.ndarray, offsets: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return a polynomial of the points of each piece, which begin at `starts`."""
    powers = np.multiply.accumulate(np.full(_LONGEST, _BASE))
    turns = (offsets // _LONGEST).astype(np.uint64) + np.uint64(1)
    values = (points.astype(np.uint64) + np.uint64(1)) * powers[offsets % _LONGEST] * turns
    return _mixed(np.add.reduceat(values, starts))


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Return numbers whose leading bits depend on all bits."""
    for mixer in _MIXERS:
        numbers = (numbers ^ (numbers >> _HALF)) * mixer
    return np.asarray(numbers ^ (numbers >> _HALF))

"""Rows that are drawn to trace a graph, and to compare it with the run on every subset of modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from torso.core.types import Features
from torso.exporting.layout import Layout

__all__ = ["drawn", "lengths", "subsets", "traced_rows"]

_MOST_SUBSETS = 64
_TRACED = 5  # rows of a trace: no other side has this length by chance
_LENGTHS = (67, 71, 73, 79, 83, 89, 97, 101)
"""Lengths in a trace, primes, so that none is taken for a multiple of another."""


def subsets(modalities: Sequence[str], seed: int = 0) -> tuple[list[frozenset[str]], bool]:
    """Return sets of modalities that rows have, and whether these are all.

    Beyond 64 sets: none, all, each alone, each left out, and others that are drawn.

    >>> [sorted(each) for each in subsets(["a", "b"])[0]]
    [[], ['b'], ['a'], ['a', 'b']]

    Args:
        modalities: their names.
        seed: of the draws.
    """
    if 2 ** len(modalities) <= _MOST_SUBSETS:
        choices = product([False, True], repeat=len(modalities))
        return [_chosen(modalities, choice) for choice in choices], True
    every = frozenset(modalities)
    first = [frozenset(), every, *(frozenset({name}) for name in modalities)]
    known = dict.fromkeys([*first, *(every - {name} for name in modalities)])
    draws = np.random.default_rng(seed)
    while len(known) < max(_MOST_SUBSETS, len(first)):
        known[_chosen(modalities, draws.random(len(modalities)) < 0.5)] = None
    return [*known], False


def _chosen(modalities: Sequence[str], choice: Sequence[bool] | np.ndarray) -> frozenset[str]:
    return frozenset(name for name, there in zip(modalities, choice, strict=True) if there)


def drawn(
    laid: Mapping[str, Layout],
    rows: Sequence[frozenset[str]],
    lengths: Mapping[str, int],
    seed: int,
) -> dict[str, Features]:
    """Return features of rows, each with a set of modalities.

    Args:
        laid: modality -> layout.
        rows: modalities that each row has.
        lengths: modality -> steps of its longest row.
        seed: of the draws.
    """
    draws = np.random.default_rng(seed)
    return {
        name: layout.draw(np.array([name in own for own in rows]), lengths[name], draws)
        for name, layout in laid.items()
    }


def lengths(laid: Mapping[str, Layout], length: int | None = None) -> dict[str, int]:
    """Return modality -> a length: `length` or one of its own, as long as the run reads at most."""
    return {
        name: min(layout.longest, length or _LENGTHS[place % len(_LENGTHS)])
        for place, (name, layout) in enumerate(laid.items())
    }


def traced_rows(laid: Mapping[str, Layout]) -> dict[str, Features]:
    """Return the rows of a trace: all have everything."""
    return drawn(laid, [frozenset(laid)] * _TRACED, lengths(laid), seed=0)

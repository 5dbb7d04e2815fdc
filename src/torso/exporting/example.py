"""Rows that are drawn to trace a graph, and to compare it with the run on every subset of modalities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from torch import Tensor

from torso.core.types import Features
from torso.exporting.flat_rows import FlatLayout, flat_tensors
from torso.exporting.graph import as_tensors
from torso.exporting.layout import Layout
from torso.exporting.ports import InputPort
from torso.plain.flat.flat import Flat

__all__ = ["Rows", "Sampler", "subsets"]

_MOST_SUBSETS = 64
_TRACED = 5  # rows of a trace: no other side has this length by chance
_LENGTHS = (67, 71, 73, 79, 83, 89, 97, 101)
"""Lengths in a trace, primes, so that none is taken for a multiple of another."""
_SEVERAL = 2  # rows of each subset in one batch
_LONG = 37  # steps of the longest row of that batch
_ALONE = 8  # subsets that are asked as single rows
_LONGER = (
    0,
    5,
    1,
    2,
    10,
)  # steps beyond the least: n-grams of several words fail between one and a few


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows as a run reads them.

    Attributes:
        features: by modality.
        flat: the same rows in the flat view; None without plain models.
        known: bool `[rows]`, rows that plain models know.
    """

    features: Mapping[str, Features]
    flat: Flat | None = None
    known: np.ndarray | None = None

    def __len__(self) -> int:
        return len(next(iter(self.features.values())))

    def tensors(self, inputs: Mapping[str, InputPort]) -> dict[str, Tensor]:
        """Return name -> tensor, as a graph takes them."""
        tensors = as_tensors(self.features, inputs)
        if self.flat is not None:
            assert self.known is not None
            tensors |= flat_tensors(self.flat, self.known)
        return tensors


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
    while len(known) < _MOST_SUBSETS:
        known[_chosen(modalities, draws.random(len(modalities)) < 0.5)] = None
    return [*known], False


def _chosen(modalities: Sequence[str], choice: Sequence[bool] | np.ndarray) -> frozenset[str]:
    return frozenset(name for name, there in zip(modalities, choice, strict=True) if there)


@dataclass(frozen=True, eq=False)
class Sampler:
    """Draws rows for a run.

    Attributes:
        laid: modality -> layout.
        flat: columns of the flat view; None without plain models.
    """

    laid: Mapping[str, Layout]
    flat: FlatLayout | None = None

    def traced(self) -> Rows:
        """Return the rows of a trace: all have everything."""
        lengths = {
            name: min(layout.longest, _LENGTHS[place % len(_LENGTHS)])
            for place, (name, layout) in enumerate(self.laid.items())
        }
        return self.drawn([frozenset(self.laid)] * _TRACED, lengths, seed=0)

    def checks(self, least: Mapping[str, int]) -> Iterator[Rows]:
        """Yield batches: rows with each subset of modalities, then single rows as short as may be.

        Args:
            least: modality -> steps of the shortest row.
        """
        tried, _ = subsets([*self.laid])
        yield self.drawn(tried * _SEVERAL, dict.fromkeys(self.laid, _LONG), seed=1)
        places = np.linspace(0, len(tried) - 1, min(len(tried), _ALONE)).astype(int)
        for seed, place in enumerate(dict.fromkeys(places.tolist())):
            sides = {name: least[name] + _LONGER[seed % len(_LONGER)] for name in self.laid}
            yield self.drawn([tried[place]], sides, seed)

    def drawn(self, rows: Sequence[frozenset[str]], lengths: Mapping[str, int], seed: int) -> Rows:
        """Return rows, each with a set of modalities.

        Args:
            rows: modalities that each row has.
            lengths: modality -> steps of its longest row, as long as the run reads them.
            seed: of the draws.
        """
        draws = np.random.default_rng(seed)
        features = {}
        for name, layout in self.laid.items():
            present = np.array([name in own for own in rows])
            features[name] = layout.draw(present, min(layout.longest, lengths[name]), draws)
        if self.flat is None:
            return Rows(features)
        return Rows(features, *self.flat.draw(len(rows), draws))

"""Scores with some modalities only, and the Shapley value of each modality."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from torso.evaluation.weighted import Floats
from torso.studies.shapley import coalitions, marginals, orders, shapley, standard_error

__all__ = ["EXACT", "Kept", "all_subsets", "drawn_orders", "shapley_exact", "shapley_of_orders"]

EXACT = 6
"""Modalities up to which all subsets are tried, 64 of them."""

Kept = frozenset[str]
Key = TypeVar("Key")
Worth = Mapping[Kept, Floats]
"""Modalities that are there -> the score, on all rows and in each resample."""


def all_subsets(names: Sequence[str]) -> list[Kept]:
    """Return every subset, the empty one first.

    >>> [sorted(kept) for kept in all_subsets(["a", "b"])]
    [[], ['a'], ['b'], ['a', 'b']]
    """
    return list(coalitions(names))


def drawn_orders(names: Sequence[str], pairs: int, seed: int) -> list[tuple[str, ...]]:
    """Return random orders of the modalities, each followed by its reverse, which makes the mean steadier."""
    return orders(names, 2 * pairs, np.random.default_rng(seed))


def shapley_exact(names: Sequence[str], worth: Worth) -> dict[str, Floats]:
    """Return the Shapley value of each modality; they add up to the score of all less that of none.

    From Shapley 1953, "A value for n-person games": the gain by a modality, averaged over all orders in which modalities
    may come.

    >>> worth = {frozenset(): 0.0, frozenset("a"): 1.0, frozenset("b"): 2.0, frozenset("ab"): 5.0}
    >>> shapley_exact("ab", {kept: np.array([value]) for kept, value in worth.items()})
    {'a': array([2.]), 'b': array([3.])}
    """
    return shapley(names, worth.__getitem__)


def shapley_of_orders(
    drawn: Sequence[Sequence[str]], worth: Callable[[Kept], Floats]
) -> dict[str, tuple[Floats, float]]:
    """Return the Shapley value of each modality over some orders, and the standard error of the draw of orders.

    They add up to the score of all less that of none, as each order does. From Castro, Gómez and Tejada 2009, "Polynomial
    calculation of the Shapley value based on sampling". Differs: each order is followed by its reverse, and a pair counts
    as a draw.

    Args:
        drawn: orders, each followed by its reverse.
        worth: returns the score of a subset.
    """
    return {
        name: (gains.mean(axis=0), float(standard_error(gains)[0]))
        for name, gains in marginals(drawn, worth).items()
    }

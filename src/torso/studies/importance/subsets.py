"""Scores with some modalities only, and the Shapley value of each modality."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import TypeVar

import numpy as np

from torso.evaluation.weighted import Floats

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
    return [frozenset(some) for size in range(len(names) + 1) for some in combinations(names, size)]


def drawn_orders(names: Sequence[str], pairs: int, seed: int) -> list[tuple[str, ...]]:
    """Return random orders of the modalities, each followed by its reverse, which makes the mean steadier."""
    draw = np.random.default_rng(seed)
    orders: list[tuple[str, ...]] = []
    for _ in range(pairs):
        order = tuple(names[index] for index in draw.permutation(len(names)))
        orders += [order, order[::-1]]
    return orders


def shapley_exact(names: Sequence[str], worth: Worth) -> dict[str, Floats]:
    """Return the Shapley value of each modality; they add up to the score of all less that of none.

    From Shapley 1953, "A value for n-person games": the gain by a modality, averaged over all orders in which modalities
    may come.

    >>> worth = {frozenset(): 0.0, frozenset("a"): 1.0, frozenset("b"): 2.0, frozenset("ab"): 5.0}
    >>> shapley_exact("ab", {kept: np.array([value]) for kept, value in worth.items()})
    {'a': array([2.]), 'b': array([3.])}
    """
    count = len(names)
    values: dict[str, Floats] = {}
    for name in names:
        total = np.zeros_like(worth[frozenset()])
        for kept in all_subsets([other for other in names if other != name]):
            weight = math.factorial(len(kept)) * math.factorial(count - len(kept) - 1)
            total = total + weight / math.factorial(count) * (worth[kept | {name}] - worth[kept])
        values[name] = total
    return values


def shapley_of_orders(
    orders: Sequence[Sequence[str]], worth: Callable[[Kept], Floats]
) -> dict[str, tuple[Floats, float]]:
    """Return the Shapley value of each modality over some orders, and the standard error of the draw of orders.

    They add up to the score of all less that of none, as each order does. From Castro, Gómez and Tejada 2009, "Polynomial
    calculation of the Shapley value based on sampling". Differs: each order is followed by its reverse, and a pair counts
    as a draw.

    Args:
        orders: each followed by its reverse.
        worth: returns the score of a subset.
    """
    gains: dict[str, list[Floats]] = {name: [] for name in orders[0]}
    for order in orders:
        before = worth(frozenset())
        for count, name in enumerate(order, start=1):
            after = worth(frozenset(order[:count]))
            gains[name].append(after - before)
            before = after
    values = {}
    for name, own in gains.items():
        together = np.stack(own)
        pairs = together[:, 0].reshape(-1, 2).mean(axis=1)
        error = float(pairs.std(ddof=1) / len(pairs) ** 0.5) if len(pairs) > 1 else math.nan
        values[name] = together.mean(axis=0), error
    return values

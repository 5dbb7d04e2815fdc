"""Short tables for two rooms of parts that meet: not every pair, but every part with every class of the other room.

A product of two rooms grows with every part that is added and finds no more: a fusion cannot know which sharing
stands above it, only how many trunks it is built for, and a sharing sees of a fusion only how many tokens come out.
So a table of pairs holds

* every fusion below a sharing with one trunk and below one with several;
* every sharing, whole trunks as experts included, above a fusion of one token and above one of several.

What each part does alone, and inside other parts of its room, is held by the laws of the room.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import product
from typing import Any

import torch

from tests.sharing import laws
from torso.core.types import Tokens
from torso.fusion import Fusion

Spec = str | dict[str, Any]
Factor = Sequence[tuple[Any, Hashable]]
"""Values, each with its class."""


def each_with_each_class(first: Factor, second: Factor) -> list[tuple[Any, Any]]:
    """Return few pairs in which every value of one factor meets every class of the other.

    Greedy and without chance: of the pairs that cover most of what is left, the one whose values were used least.

    >>> each_with_each_class([("a", 0), ("b", 0)], [(1, "odd"), (2, "even"), (3, "odd")])
    [('a', 1), ('b', 2), ('b', 3), ('a', 2)]
    """
    indices = list(product(range(len(first)), range(len(second))))
    covers = {(i, j): {("first", i, second[j][1]), ("second", j, first[i][1])} for i, j in indices}
    left = set().union(*covers.values())
    chosen: list[tuple[int, int]] = []
    while left:
        used = [sum(i == row[0] for row in chosen) for i in range(len(first))]
        used_too = [sum(j == row[1] for row in chosen) for j in range(len(second))]
        best = min(indices, key=lambda p: (-len(covers[p] & left), used_too[p[1]] + used[p[0]], p))
        chosen.append(best)
        left -= covers[best]
    return [(first[i][0], second[j][0]) for i, j in chosen]


def fusions_and_sharings() -> list[tuple[Spec, Spec]]:
    """Return the table for the fusions and the sharings."""
    return each_with_each_class(
        [(name, _several_tokens(name)) for name in Fusion.registry], sharings()
    )


def once_each(*factors: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return as many rows as the longest factor has values; the others are gone through again.

    >>> once_each("abc", [1, 2])
    [('a', 1), ('b', 2), ('c', 1)]
    """
    rows = max(map(len, factors))
    return [tuple(factor[row % len(factor)] for factor in factors) for row in range(rows)]


def sharings() -> list[tuple[Spec, bool]]:
    """Return every sharing, once in each class that its settings reach, and True if it has several trunks."""
    classes: dict[tuple[str, bool], Spec] = {}
    for spec in laws.sharings():
        several = len(laws.build(spec).trunks()) > 1
        classes.setdefault((spec["type"], several), spec)
    return [(spec, several) for (_, several), spec in classes.items()]


def _several_tokens(name: str) -> bool:
    fusion = Fusion.registry.build(name, modalities=["a", "b"], dim=8)
    token = Tokens(torch.zeros(1, 1, 8), torch.ones(1, 1, dtype=torch.bool))
    return fusion({"a": token, "b": token}).values.shape[1] > 1

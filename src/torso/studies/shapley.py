"""Shapley values: each player's fair share of the worth of all.

From L. S. Shapley, "A Value for n-Person Games", Contributions to the Theory of Games II, Princeton 1953. A player is a
modality, a column, or a part of a cell; the worth of a coalition is a score, or a run's answer.

>>> from torso.studies.shapley import shapley
>>> worth = {frozenset(): 0.0, frozenset("a"): 1.0, frozenset("b"): 2.0, frozenset("ab"): 5.0}
>>> {player: float(share) for player, share in shapley("ab", worth.__getitem__).items()}
{'a': 2.0, 'b': 3.0}
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import combinations
from math import comb
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from torso.evaluation.weighted import Floats

__all__ = ["coalitions", "marginals", "orders", "prefixes", "shapley", "standard_error", "weight"]

Player = TypeVar("Player", bound=Hashable)


def coalitions(players: Sequence[Player]) -> Iterator[frozenset[Player]]:
    """Yield every subset of the players, the empty one first."""
    for size in range(len(players) + 1):
        yield from map(frozenset, combinations(players, size))


def weight(size: int, players: int) -> float:
    """Return the share of orders in which exactly a given coalition of `size` stands before a given other player.

    `size! (players - size - 1)! / players!`.
    """
    return 1 / (players * comb(players - 1, size))


def shapley(
    players: Sequence[Player], worth: Callable[[frozenset[Player]], ArrayLike]
) -> dict[Player, Floats]:
    """Return each player's exact share; all shares and the worth of nobody sum to the worth of all.

    Args:
        players: few, since `worth` is asked for all 2^n coalitions.
        worth: of a coalition: a number, or an array of them, such as one per task.
    """
    known = {some: np.asarray(worth(some), np.float64) for some in coalitions(players)}
    return {
        player: np.sum(
            [
                weight(len(some), len(players)) * (known[some | {player}] - own)
                for some, own in known.items()
                if player not in some
            ],
            axis=0,
        )
        for player in players
    }


def orders(
    players: Sequence[Player], count: int, draw: np.random.Generator
) -> list[tuple[Player, ...]]:
    """Return `count` orders of the players; each second one is the one before reversed.

    Reversed pairs cancel most of the noise: Mitchell et al., "Sampling Permutations for Shapley Value Estimation", JMLR
    23, 2022 (https://arxiv.org/abs/2104.12199).
    """
    drawn: list[tuple[Player, ...]] = []
    while len(drawn) < count:
        order = tuple(players[place] for place in draw.permutation(len(players)))
        drawn += [order, order[::-1]]
    return drawn[:count]


def prefixes(order: Sequence[Player]) -> Iterator[frozenset[Player]]:
    """Yield the coalitions that an order passes through, from nobody to all."""
    return (frozenset(order[:size]) for size in range(len(order) + 1))


def marginals(
    drawn: Sequence[Sequence[Player]], worth: Callable[[frozenset[Player]], ArrayLike]
) -> dict[Player, Floats]:
    """Return each player's gain in each order, `[orders, ...]`; the mean is an unbiased estimate of its share."""
    added: dict[Player, list[Floats]] = {player: [] for player in drawn[0]}
    for order in drawn:
        steps = np.stack([np.asarray(worth(some), np.float64) for some in prefixes(order)])
        for player, gain in zip(order, np.diff(steps, axis=0), strict=True):
            added[player].append(gain)
    return {player: np.stack(gains) for player, gains in added.items()}


def standard_error(values: Floats) -> Floats:
    """Return the standard error of the mean of antithetic draws, `[draws, ...]`: that of the means of its pairs.

    NaN with fewer than two pairs.
    """
    pairs = len(values) // 2
    if pairs < 2:
        return np.full(values.shape[1:], np.nan)
    means = values[: 2 * pairs].reshape(pairs, 2, *values.shape[1:]).mean(axis=1)
    return np.asarray(means.std(axis=0, ddof=1) / np.sqrt(pairs))

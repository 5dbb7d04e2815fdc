"""Fair shares of an answer: Shapley values over modalities, shared out among the parts of each.

From G. Owen, "Values of Games with a Priori Unions", Mathematical Economics and Game Theory, Springer 1977: orders of
the parts in which those of a modality stand together. So shares of parts sum to their modality's, and shares of
modalities, with the answer without any input, to the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from torso.evaluation.weighted import Floats
from torso.studies.explain.asked_row import AskedRow, Coalition
from torso.studies.shapley import (
    coalitions,
    marginals,
    orders,
    prefixes,
    shapley,
    standard_error,
    weight,
)

__all__ = ["Shares", "shares_of"]


MOST_EXACT = 6
"""Modalities up to which all subsets are asked about."""
_EXACT = 256  # answers up to which a modality's parts are shared out exactly
_ORDERS = 48  # of many modalities
_LEAST_DRAWS, _MOST_DRAWS = 8, 64


@dataclass(frozen=True)
class Shares:
    """Shares of modalities and of parts, with standard errors: 0 where they are exact.

    Attributes:
        modalities: name -> share and its error, each `[tasks]`.
        parts: by number, share and its error, each `[tasks]`.
    """

    modalities: Mapping[str, tuple[Floats, Floats]]
    parts: Sequence[tuple[Floats, Floats]]


def shares_of(row: AskedRow, seed: int = 0) -> Shares:
    """Return the shares of all that the row holds.

    Args:
        row: with one modality or more.
        seed: of the orders that are drawn where there are too many.
    """
    draw = np.random.default_rng(seed)
    modalities = _of_modalities(row, draw)
    parts: dict[int, tuple[Floats, Floats]] = {}
    for name, (share, _) in modalities.items():
        parts |= _of_parts(row, name, share, draw)
    return Shares(modalities, [parts[number] for number in range(len(row.parts))])


def _of_modalities(row: AskedRow, draw: np.random.Generator) -> dict[str, tuple[Floats, Floats]]:
    names = list(row.blocks)

    def worth(some: frozenset[str]) -> Floats:
        return row.worth(_joined(row, some))

    if len(names) <= MOST_EXACT:
        row.ask(_joined(row, some) for some in coalitions(names))
        return {
            name: (share, np.zeros_like(share)) for name, share in shapley(names, worth).items()
        }
    drawn = orders(names, _ORDERS, draw)
    row.ask(_joined(row, some) for order in drawn for some in prefixes(order))
    return {
        name: (gains.mean(axis=0), standard_error(gains))
        for name, gains in marginals(drawn, worth).items()
    }


def _of_parts(
    row: AskedRow, modality: str, share: Floats, draw: np.random.Generator
) -> dict[int, tuple[Floats, Floats]]:
    """Return number of a modality's part -> its share and error; they sum to the modality's."""
    own, others = row.blocks[modality], [name for name in row.blocks if name != modality]
    if len(own) == 1:
        return {own[0]: (share, np.zeros_like(share))}
    if len(others) < MOST_EXACT and 2 ** (len(others) + len(own)) <= _EXACT:
        contexts = [
            (weight(len(some), len(others) + 1), _joined(row, some)) for some in coalitions(others)
        ]
        row.ask(context | some for _, context in contexts for some in coalitions(own))

        def mean_worth(some: Coalition) -> Floats:
            terms = [each * row.worth(context | some) for each, context in contexts]
            return np.asarray(np.sum(terms, axis=0))

        return {
            number: (part, np.zeros_like(part)) for number, part in shapley(own, mean_worth).items()
        }
    return _sampled(row, own, others, share, draw)


def _sampled(
    row: AskedRow,
    own: Sequence[int],
    others: Sequence[str],
    share: Floats,
    draw: np.random.Generator,
) -> dict[int, tuple[Floats, Floats]]:
    """Return shares from orders of the parts, each after another set of the other modalities.

    The difference of their sum to the modality's share goes to them by their squared errors.
    """
    count = int(np.clip(row.detail.answers // len(own), _LEAST_DRAWS, _MOST_DRAWS)) // 2 * 2
    drawn = orders(own, count, draw)
    contexts = _contexts(row, others, count, draw)
    pairs = list(zip(drawn, contexts, strict=True))
    row.ask(context | some for order, context in pairs for some in prefixes(order))
    each = [marginals([order], _after(row, context)) for order, context in pairs]
    gains = {number: np.concatenate([one_order[number] for one_order in each]) for number in own}
    means = np.stack([gains[number].mean(axis=0) for number in own])  # [parts, tasks]
    errors = np.stack([standard_error(gains[number]) for number in own])
    spread = errors**2 + 1e-30
    means += (share - means.sum(axis=0)) * spread / spread.sum(axis=0)
    return dict(zip(own, zip(means, errors, strict=True), strict=True))


def _contexts(
    row: AskedRow, others: Sequence[str], count: int, draw: np.random.Generator
) -> list[Coalition]:
    """Return sets of other modalities as they stand before one in a random order; each second is the rest."""
    contexts: list[Coalition] = []
    while len(contexts) < count:
        shuffled = [others[place] for place in draw.permutation(len(others))]
        size = int(draw.integers(0, len(others) + 1))
        contexts += [_joined(row, shuffled[:size]), _joined(row, shuffled[size:])]
    return contexts[:count]


def _after(row: AskedRow, context: Coalition) -> Callable[[Coalition], Floats]:
    """Return the worth of parts beside a context."""
    return lambda some: row.worth(context | some)


def _joined(row: AskedRow, modalities: Sequence[str] | frozenset[str]) -> Coalition:
    """Return all parts of some modalities."""
    return frozenset(number for name in modalities for number in row.blocks[name])

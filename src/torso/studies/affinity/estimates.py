"""Affinities from many looks: a ratio of sums over the looks, with its interval from a bootstrap of blocks of looks.

Neighbouring looks see nearly the same weights, so blocks of them are drawn, not single ones (Künsch 1989, "The jackknife
and the bootstrap for general stationary observations").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from torso.training.listeners import Look

__all__ = ["Estimated", "estimated", "looks_of"]

Floats = NDArray[np.float64]

_RESAMPLES = 500
_EARLY = 4
"""One look of so many is passed over, the first ones: at the beginning all tasks learn alike, whether they agree later or not."""
_FEWEST = 6
"""Looks below which nothing is said."""
_LEAST_OWN = 0.3
"""A task's own progress is held to be at least this share of the tasks' mean: it divides, and noise may take it to 0."""


@dataclass(frozen=True)
class Estimated:
    """Matrices `[tasks, tasks]`; NaN where the looks say nothing.

    Attributes:
        gain: of the second task by a step for the first, as a share of that by a step of its own.
        low: end of its 95 % interval.
        high: end of its 95 % interval.
        cosine: of the tasks' gradients.
        magnitude: similarity of their lengths, 2ab / (a² + b²), from 0 to 1.
        looks: that were used.
    """

    gain: Floats
    low: Floats
    high: Floats
    cosine: Floats
    magnitude: Floats
    looks: int


def looks_of(looks: Sequence[Look], tasks: Sequence[str]) -> tuple[dict[str, Floats], bool]:
    """Return `gram`, `across` and `ahead` of the looks at these tasks, `[looks, tasks, tasks]`, and if they looked ahead.

    Without looks ahead, as a balancer takes them, the Gram matrices stand for all three: a plain step, on its own rows.

    Args:
        looks: of a log, in their order; the first quarter is passed over.
        tasks: those wanted; a look that lacks any is passed over.
    """
    able = [look for look in looks if set(tasks) <= set(look.losses)]
    able = able[len(able) // _EARLY :]
    ahead = [look for look in able if look.ahead]
    names = ("gram", "across", "ahead") if ahead else ("gram", "gram", "gram")
    some = ahead or able
    columns = [[list(look.losses).index(task) for task in tasks] for look in some]
    out = {}
    for key, name in zip(("gram", "across", "ahead"), names, strict=True):
        matrices = [
            np.asarray(getattr(look, name), np.float64)[np.ix_(own, own)]
            for look, own in zip(some, columns, strict=True)
        ]
        out[key] = np.array(matrices).reshape(-1, len(tasks), len(tasks))
    return out, bool(ahead)


def estimated(matrices: dict[str, Floats], seed: int = 0) -> Estimated:
    """Return the affinities that looks tell.

    Args:
        matrices: from `looks_of`.
        seed: of the bootstrap.
    """
    gram = matrices["gram"]
    looks, count = gram.shape[:2]
    empty = np.full((count, count), np.nan)
    if looks < _FEWEST:
        return Estimated(empty, empty, empty, empty, empty, looks)
    squares = np.nansum(np.diagonal(gram, axis1=1, axis2=2), axis=1)
    weight = 1 / np.where(squares > 0, squares, np.inf)  # a look counts as much as any other
    ahead, across = (matrices[name] * weight[:, None, None] for name in ("ahead", "across"))
    draws = _blocks(looks, seed)
    drawn = np.stack([_gain(ahead, counts) for counts in draws])
    low, high = _ends(drawn)
    once = np.ones(looks)
    return Estimated(
        gain=_gain(ahead, once),
        low=low,
        high=high,
        cosine=_cosine(across, once),
        magnitude=_magnitude(gram * weight[:, None, None]),
        looks=looks,
    )


def _blocks(looks: int, seed: int) -> Floats:
    """Return how often each resample draws each look `[resamples, looks]`."""
    length = max(1, round(looks ** (1 / 3)))
    draw = np.random.default_rng(seed)
    starts = draw.integers(0, looks, (_RESAMPLES, -(-looks // length)))
    drawn = (starts[..., None] + np.arange(length)).reshape(_RESAMPLES, -1) % looks
    return np.stack([np.bincount(own[:looks], minlength=looks) for own in drawn]).astype(float)


def _sums(values: Floats, counts: Floats) -> Floats:
    """Return the mean over the looks that know a pair; NaN for a pair that none knows."""
    known = ~np.isnan(values)
    times = np.einsum("l,lij->ij", counts, known)
    total = np.einsum("l,lij->ij", counts, np.where(known, values, 0.0))
    out = np.full(total.shape, np.nan)
    np.divide(total, times, out=out, where=times > 0)
    return out


def _gain(ahead: Floats, counts: Floats) -> Floats:
    mean = _sums(ahead, counts)
    own = np.diagonal(mean)
    usual = float(own[~np.isnan(own)].mean()) if not np.isnan(own).all() else np.nan
    own = np.maximum(own, _LEAST_OWN * usual) if usual > 0 else np.full(len(own), np.nan)
    gain: Floats = mean / own[None, :]
    return gain


def _cosine(across: Floats, counts: Floats) -> Floats:
    mean = _sums(across, counts)
    own = np.diagonal(mean)
    lengths = np.sqrt(np.where(own > 0, own, np.nan))
    cosine: Floats = np.clip(mean / lengths[:, None] / lengths[None, :], -1, 1)
    return (cosine + cosine.T) / 2


def _magnitude(gram: Floats) -> Floats:
    squares = np.diagonal(_sums(gram, np.ones(len(gram))))
    lengths = np.sqrt(squares)
    out: Floats = 2 * lengths[:, None] * lengths / (squares[:, None] + squares)
    return out


def _ends(drawn: Floats) -> tuple[Floats, Floats]:
    """Return the percentiles of resamples `[resamples, tasks, tasks]`; NaN where fewer than half know a pair."""
    known = (~np.isnan(drawn)).mean(0) >= 0.5
    filled = np.where(known, drawn, 0.0)
    low, high = np.nanquantile(filled, [0.025, 0.975], axis=0)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)

"""A part of the rows against the rest: two scores, their difference with an interval, and its p-value.

The interval is a bootstrap's. The p-value is a permutation test's: how often rows that are drawn at random differ as much from
the others. A bootstrap would trust ten right answers of ten, since all resamples of them are right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from torso.evaluation.bootstrap import interval, resamples_of, units_of
from torso.evaluation.report import Estimate
from torso.evaluation.weighted import Array, Floats

__all__ = ["Contrast", "contrast", "draws_for", "shuffled"]

Measure = Callable[[Floats], Floats]
"""From weights `[resamples, rows]` to a score `[resamples]`."""

_WEIGHTS = 1_000_000  # of all resamples


@dataclass(frozen=True)
class Contrast:
    """A part against the rest.

    Attributes:
        value: score of the part.
        rest: score of the other rows; NaN without any.
        difference: by how much the part is better; it is negative where the part is worse.
        p: chance of such a difference if the part was drawn at random; NaN where it is undefined.
    """

    value: Estimate
    rest: float
    difference: Estimate
    p: float


def draws_for(rows: int) -> int:
    """Return the number of resamples: fewer for many rows."""
    return int(np.clip(_WEIGHTS // max(1, rows), 100, 500))


def contrast(
    measure: Measure, inside: NDArray[np.bool_], groups: Array | None, sign: float, seed: int
) -> Contrast:
    """Compare a part of the rows with the others.

    Args:
        measure: score of weighted rows.
        inside: `[rows]`: rows of the part.
        groups: `[rows]`; rows of one group are drawn together.
        sign: -1 for a metric of which less is better.
        seed: of the draws.
    """
    part = inside.astype(np.float64)
    value, rest = (float(measure(own[None])[0]) for own in (part, 1.0 - part))
    units = np.arange(len(inside)) if groups is None else units_of(groups)
    draws = draws_for(len(inside))
    values, differences = [np.zeros(0)], [np.zeros(0)]
    for weights in resamples_of(units, draws, seed):
        own, other = measure(weights * part), measure(weights * (1.0 - part))
        values.append(own)
        differences.append(sign * (own - other))
    difference = sign * (value - rest)
    p = math.nan
    if math.isfinite(difference):
        drawn = [
            sign * (measure(some) - measure(1.0 - some))
            for some in shuffled(inside, units, draws, seed)
        ]
        p = _p(difference, np.concatenate(drawn) if drawn else np.zeros(0), int(part.sum()))
    return Contrast(
        Estimate(value, *_bounds(value, np.concatenate(values))),
        rest,
        Estimate(difference, *_bounds(difference, np.concatenate(differences))),
        p,
    )


def shuffled(
    inside: NDArray[np.bool_], units: NDArray[np.intp], draws: int, seed: int
) -> Iterator[Floats]:
    """Yield parts of as many rows drawn at random, `[some draws, rows]`; whole groups where the part holds whole groups.

    Args:
        inside: rows of the part.
        units: group of each row, numbered from 0.
        draws: how many.
        seed: of the draws.
    """
    rng = np.random.default_rng([seed, 1])
    first = np.zeros(int(units.max(initial=-1)) + 1, bool)
    first[units] = inside
    whole = bool((first[units] == inside).all())
    labels, places = (first, units) if whole else (inside, np.arange(len(inside)))
    size = max(1, _WEIGHTS // max(1, len(inside)))
    for start in range(0, draws, size):
        some = np.stack([rng.permutation(labels) for _ in range(min(size, draws - start))])
        yield some[:, places].astype(np.float64)


def _bounds(value: float, drawn: Floats) -> tuple[float, float]:
    low, high = interval(drawn)
    if not (math.isfinite(value) and math.isfinite(low)):
        return math.nan, math.nan
    return min(low, value), max(high, value)


def _p(difference: float, drawn: Floats, units: int) -> float:
    """Return the share of random parts that differ as much; where none does, the tail of their spread."""
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < 2:
        return math.nan
    far = np.abs(drawn - drawn.mean()) >= abs(difference - drawn.mean()) - 1e-12
    share = (1 + int(far.sum())) / (1 + len(drawn))
    spread = float(drawn.std(ddof=1))
    if far.any() or not spread or units < 2:
        return share
    from scipy.special import stdtr

    tail = 2.0 * float(stdtr(units - 1, -abs(difference - drawn.mean()) / spread))
    return min(share, tail)

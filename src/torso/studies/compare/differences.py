"""A difference between two contenders with its uncertainty: over rows, and over seeds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from torso.evaluation.estimate import Estimate
from torso.evaluation.holm import p_of_difference
from torso.evaluation.weighted import Floats

__all__ = ["Weighed", "relative", "weighed"]


@dataclass(frozen=True)
class Weighed:
    """A difference with all its uncertainty.

    Attributes:
        difference: with its 95 % interval: over rows, and over seeds where there are several runs.
        over_rows: standard error from the rows alone.
        over_seeds: standard error from the seeds alone; NaN with a run each.
        p: two-sided p-value.
    """

    difference: Estimate
    over_rows: float
    over_seeds: float
    p: float


def relative(first: Floats, second: Floats, signs: Floats, skills: np.ndarray) -> Floats:
    """Return by how many percent the second is better than the first, `[..., tasks]`; higher is better, whatever the metric.

    Of a metric that more is better of, `(second - first) / first`; of an error, `(first - second) / first`. Of a skill,
    which is 0 without inputs, so that nothing can be divided by it, the share of its distance to 1 that is gained:
    `(second - first) / (1 - first)`. NaN where the divisor is not positive.

    >>> percent = relative(np.array([0.8, 2.0, 0.0]), np.array([0.9, 1.0, 0.5]), np.array([1, -1, 1]), np.array([0, 0, 1]))
    >>> percent.round(1).tolist()
    [12.5, 50.0, 50.0]
    """
    below = np.where(skills, 1.0 - first, first)
    percent = np.full(np.broadcast(first, second).shape, math.nan)
    np.divide(100.0 * signs * (second - first), below, out=percent, where=below > 1e-12)
    return percent


def weighed(value: float, resampled: Floats, seeds: tuple[Floats, Floats], units: int) -> Weighed:
    """Return a difference with the uncertainty of rows and of seeds.

    The variance over rows is that of the paired bootstrap; with several runs, the variances of the means over seeds are added.
    The interval is Student's, at the degrees of freedom of Welch and Satterthwaite: two seeds are no proof of little spread,
    nor are five rows. A contender of one run is given the spread of the other.

    Args:
        value: the difference.
        resampled: in each resample of the rows.
        seeds: of either contender, the figure of each run.
        units: rows, or groups of rows, that were resampled.
    """
    known = resampled[np.isfinite(resampled)]
    spread = float(known.std(ddof=1)) if len(known) > 1 else math.nan
    variances, freedoms = _of_seeds(seeds)
    if not math.isfinite(value) or not math.isfinite(spread) or units < 2:
        return Weighed(Estimate(value), spread, math.nan, math.nan)
    from scipy.special import stdtr, stdtrit  # `scipy.stats` would take two seconds to import

    parts, frees = [spread**2, *variances], [max(1, units - 1), *freedoms]
    total = sum(parts)
    p = p_of_difference(value, known, units)
    over_seeds = math.sqrt(sum(variances)) if variances else math.nan
    if total == 0.0:  # equal on every row, or as far apart on each
        return Weighed(Estimate(value, value, value), 0.0, over_seeds, p)
    freedom = total**2 / sum(part**2 / free for part, free in zip(parts, frees, strict=True))
    error = math.sqrt(total)
    half = float(stdtrit(freedom, 0.975)) * error
    both = 2.0 * float(stdtr(freedom, -abs(value) / error))
    return Weighed(Estimate(value, value - half, value + half), spread, over_seeds, max(p, both))


def _of_seeds(seeds: tuple[Floats, Floats]) -> tuple[list[float], list[int]]:
    """Return the variance of either contender's mean over its seeds, and its degrees of freedom; nothing without any."""
    several = [own for own in seeds if len(own) > 1]
    if not several:
        return [], []
    own = [
        (float(side.var(ddof=1)), len(side) - 1)
        if len(side) > 1
        else (float(several[0].var(ddof=1)), len(several[0]) - 1)
        for side in seeds
    ]
    return (
        [variance / len(side) for (variance, _), side in zip(own, seeds, strict=True)],
        [freedom for _, freedom in own],
    )

"""Conformal intervals: they hold the promised share of labels even if the likelihood is wrong.

Split conformal prediction: on rows that did not train the network, see how far labels lie outside, in units of
what the head thinks their spread is, and set the ends where the promised share of new rows will be held. For rows
drawn like those it is exact on average. Lei, G'Sell, Rinaldo, Tibshirani & Wasserman, "Distribution-Free
Predictive Inference for Regression", Journal of the American Statistical Association 113, 2018
(https://arxiv.org/abs/1604.04173). Difference: the rows are those that also chose the epoch and set the spread.
"""

from __future__ import annotations

import math

from torch import Tensor

__all__ = ["check_level", "conformal_bound"]


def conformal_bound(distances: Tensor, level: float) -> float | None:
    """Return the bound that `level` of new distances stay below, from held-out ones `[rows]`, NaN where missing.

    It is the k-th smallest of n, with `k = ceil((n + 1) level)`; None where n is too small for that: 9 rows for 0.9.
    """
    known = distances[~distances.isnan()]
    place = math.ceil((len(known) + 1) * level - 1e-9)
    return float(known.kthvalue(place).values) if 0 < place <= len(known) else None


def check_level(level: float) -> float:
    """Return `level`; refuse one that is not between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise ValueError(
            f"Parameter `level` should lie between 0 and 1, such as 0.9. Found {level!r}."
        )
    return level

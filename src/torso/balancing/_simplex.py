"""Projection on the probability simplex."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["onto_simplex"]


def onto_simplex(point: Tensor) -> Tensor:
    """Return the point of the simplex nearest to `point` `[k]`.

    It is `max(point - t, 0)`. For each j there is one shift that brings the j largest entries to the sum of one;
    t is the largest of these shifts.

    >>> onto_simplex(torch.tensor([0.5, 0.9, -3.0])).tolist()
    [0.30000001192092896, 0.699999988079071, 0.0]
    """
    shifts = (point.sort(descending=True).values.cumsum(0) - 1.0) / torch.arange(
        1, len(point) + 1, dtype=point.dtype
    )
    return (point - shifts.max()).clamp(min=0.0)

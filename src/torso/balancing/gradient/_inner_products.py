"""Inner products of long rows in float64, without a float64 copy of them."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["inner_products"]

COLUMNS = 1 << 15
"""How many numbers of each row are widened at a time."""


def inner_products(one: Tensor, two: Tensor) -> Tensor:
    """Return `one @ two.T` `[k, m]` in float64 on the CPU, from `[k, numbers]` and `[m, numbers]`.

    Squares of float32 numbers neither vanish nor overflow in float64, and parallel rows stay parallel to
    sixteen digits, so that a rank can be told.
    """
    total = torch.zeros(len(one), len(two), dtype=torch.float64, device=one.device)
    for start in range(0, one.shape[1], COLUMNS):
        part = slice(start, start + COLUMNS)
        total += one[:, part].double() @ two[:, part].double().T
    return total.cpu()

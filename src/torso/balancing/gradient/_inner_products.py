"""Inner products of long rows in float64, without a float64 copy of them."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["inner_products"]

COLUMNS = 1 << 15
"""Numbers of each row that are converted to float64 at a time."""


def inner_products(left: Tensor, right: Tensor) -> Tensor:
    """Return `left @ right.T` `[k, m]` in float64 on the CPU, from `[k, numbers]` and `[m, numbers]`.

    Squares of float32 numbers neither vanish nor overflow in float64. Parallel rows stay parallel to sixteen
    digits, which a rank needs.
    """
    total = torch.zeros(len(left), len(right), dtype=torch.float64, device=left.device)
    for start in range(0, left.shape[1], COLUMNS):
        part = slice(start, start + COLUMNS)
        total += left[:, part].double() @ right[:, part].double().T
    return total.cpu()

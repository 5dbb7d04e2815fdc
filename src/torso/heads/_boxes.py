"""Boxes as numbers: overlap, its generalisation, and who is matched with whom."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

__all__ = ["centred", "generalised_iou", "matched"]


def centred(corners: Tensor) -> Tensor:
    """Return centre and sides `[..., 4]` of corners x0, y0, x1, y1."""
    first, last = corners[..., :2], corners[..., 2:]
    return torch.cat([(first + last) / 2, last - first], dim=-1)


def generalised_iou(one: Tensor, other: Tensor) -> Tensor:
    """Return the generalised intersection over union of corners `[..., 4]`, from -1 (far apart) to 1 (equal).

    It is the IoU less the share of the smallest box around both that neither fills: Rezatofighi, Tsoi, Gwak,
    Sadeghian, Reid and Savarese, CVPR 2019 (https://arxiv.org/abs/1902.09630).
    """

    def area(first: Tensor, last: Tensor) -> Tensor:
        return (last - first).clamp(min=0).prod(dim=-1)

    (a, b), (c, d) = one.chunk(2, dim=-1), other.chunk(2, dim=-1)
    shared = area(torch.maximum(a, c), torch.minimum(b, d))
    union = area(a, b) + area(c, d) - shared
    around = area(torch.minimum(a, c), torch.maximum(b, d))
    tiny = torch.finfo(one.dtype).tiny
    return shared / union.clamp(min=tiny) - (around - union) / around.clamp(min=tiny)


def matched(costs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and the columns of the cheapest one-to-one matching of `costs` `[rows, columns]`.

    Numbers that are not finite cost more than all others together.
    """
    from scipy.optimize import linear_sum_assignment

    finite = np.isfinite(costs)
    dear = 1.0 + 2.0 * np.abs(costs[finite]).sum()
    rows, columns = linear_sum_assignment(np.where(finite, costs, dear))
    return rows, columns

"""Boxes as numbers: how raw outputs become corners, and how far two boxes are apart."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["apart", "centred", "corners_around", "generalised_iou", "likely"]

_L1, _OVERLAP = 5.0, 2.0  # weights of the two distances between boxes


def likely(names: Tensor, nothing: float) -> Tensor:
    """Return probabilities of the classes and, last, of nothing, which weighed only `nothing` in the loss.

    The cross-entropy of a class that weighs less is lowest at a probability that is too small by that weight, against
    the other classes; this takes it back.
    """
    made_up = names.new_zeros(names.shape[-1])
    made_up[-1] = -math.log(nothing)
    return torch.softmax(names + made_up, dim=-1)


def centred(corners: Tensor) -> Tensor:
    """Return centre and sides `[..., 4]` of corners x0, y0, x1, y1."""
    first, last = corners[..., :2], corners[..., 2:]
    return torch.cat([(first + last) / 2, last - first], dim=-1)


def corners_around(centre: Tensor, raw: Tensor) -> Tensor:
    """Return corners `[..., 4]` as shares of the picture around `centre` `[..., 2]`; sides of `raw` 0 are 0.27."""
    half = torch.sigmoid(raw - 1.0) / 2
    return torch.cat([centre - half, centre + half], dim=-1)


def apart(corners: Tensor, truth: Tensor) -> Tensor:
    """Return DETR's distance `[...]` of corners `[..., 4]`: weighted L1 of centre and sides, and generalised IoU."""
    away = (centred(corners) - centred(truth)).abs().sum(dim=-1)
    return _L1 * away + _OVERLAP * (1 - generalised_iou(corners, truth))


def generalised_iou(boxes: Tensor, others: Tensor) -> Tensor:
    """Return the generalised intersection over union of corners `[..., 4]`, from -1 (far apart) to 1 (equal).

    It is the IoU less the share of the smallest box around both that neither fills: Rezatofighi, Tsoi, Gwak,
    Sadeghian, Reid and Savarese, CVPR 2019 (https://arxiv.org/abs/1902.09630).
    """

    def area(first: Tensor, last: Tensor) -> Tensor:
        return (last - first).clamp(min=0).prod(dim=-1)

    (a, b), (c, d) = boxes.chunk(2, dim=-1), others.chunk(2, dim=-1)
    shared = area(torch.maximum(a, c), torch.minimum(b, d))
    union = area(a, b) + area(c, d) - shared
    around = area(torch.minimum(a, c), torch.maximum(b, d))
    tiny = torch.finfo(boxes.dtype).tiny
    return shared / union.clamp(min=tiny) - (around - union) / around.clamp(min=tiny)

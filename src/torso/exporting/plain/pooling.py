"""Pools of statements as tensors: the same arithmetic as `torso.plain.pooling`, which reads arrays."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from torso.plain.pooling import LEAST
from torso.tasks._base.response import Family

__all__ = ["pooled"]


def pooled(family: Family, statements: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return one statement, float64 `[rows, width]`, as `torso.plain.pooling.pool` does.

    Args:
        family: of the response.
        statements: float64 `[rows, width]` each.
        weights: of the statements, which add up to 1.
    """
    if family == "values":
        return _mean(statements, weights)
    if family == "classes":
        chances = _mean([torch.softmax(said, dim=1) for said in statements], weights)
        return chances.clamp(min=LEAST).log()
    chances = _mean([torch.sigmoid(said) for said in statements], weights)
    # clamped one by one: exporters write a literal such as 1 - 1e-12 as float32, where it is 1
    return chances.clamp(min=LEAST).log() - (1.0 - chances).clamp(min=LEAST).log()


def _mean(values: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    total = weights[0] * values[0]
    for value, weight in zip(values[1:], weights[1:], strict=True):
        total = total + weight * value
    return total

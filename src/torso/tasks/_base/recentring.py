"""Where answers of a number should lie: the line from a network's answers to the labels, fitted on held-out rows."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["recentring"]

_FREE = 0.2  # standard deviations by which offset and slope may easily differ from 0 and 1
_ROUNDS = 5  # of line and noise in turn; they settle quickly
_LEAST_NOISE = 1e-6


def recentring(answers: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return slope and offset of the likeliest line from answers to labels, both standardised.

    A network that stopped early answers too high or too low on the whole, and one that learnt noise too far from the
    mean. The line is that of Bayesian linear regression with Gaussians around slope 1 and offset 0, so that few rows
    move it little; a slope is never negative.

    Args:
        answers: `[rows]`.
        labels: `[rows]`, NaN where missing.
    """
    known = ~labels.isnan()
    x, y = answers[known].double(), labels[known].double()
    if len(x) < 2 or not bool((x.isfinite() & y.isfinite()).all()):
        return 1.0, 0.0
    design = torch.stack([x, torch.ones_like(x)], dim=1)
    line = usual = torch.tensor([1.0, 0.0], dtype=x.dtype, device=x.device)
    precision = torch.eye(2, dtype=x.dtype, device=x.device) / _FREE**2
    for _ in range(_ROUNDS):
        noise = (y - design @ line).square().mean().clamp(min=_LEAST_NOISE)
        line = torch.linalg.solve(
            design.T @ design / noise + precision, design.T @ y / noise + precision @ usual
        )
    slope, offset = line.tolist()
    return max(slope, 0.0), offset

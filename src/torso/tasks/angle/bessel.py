"""The mean length of unit vectors under a von Mises density: a ratio of Bessel functions."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["bessel_ratio", "plain_bessel_ratio"]

_NEAR = 20.0  # up to here the power series, from here on the asymptotic one
_TERMS = 60  # of the first: exact to float64 there
_FACTORS = (-1 / 2, -1 / 8, -1 / 8, -25 / 128, -13 / 32)  # of the second


def bessel_ratio(concentration: Tensor) -> Tensor:
    """Return `I1(k) / I0(k)`."""
    length: Tensor = torch.special.i1e(concentration) / torch.special.i0e(concentration)
    return length


def plain_bessel_ratio(concentration: Tensor) -> Tensor:
    """Return `I1(k) / I0(k)` to 2e-8 by arithmetic alone, for graphs.

    Power series for small k, and the asymptotic series for large ones: Abramowitz and Stegun, Handbook of
    Mathematical Functions, 9.6.10 and 9.7.1.

    Args:
        concentration: k, above 0.
    """
    k = concentration.double().unsqueeze(-1)
    near, far = k.clamp(max=_NEAR), k.clamp(min=_NEAR)
    logs = [[-math.lgamma(m + 1) - math.lgamma(m + 1 + n) for m in range(_TERMS)] for n in (0, 1)]
    powers = 2.0 * (near / 2.0).log() * torch.arange(_TERMS, dtype=torch.float64)
    zeroth, first = ((powers + k.new_tensor(own)).exp().sum(dim=-1) for own in logs)
    small = near.squeeze(-1) / 2.0 * first / zeroth
    exponents = torch.arange(-1.0, -1.0 - len(_FACTORS), -1.0, dtype=torch.float64)
    large = 1.0 + (far**exponents * k.new_tensor(_FACTORS)).sum(dim=-1)
    return torch.where(k.squeeze(-1) < _NEAR, small, large).to(concentration.dtype)

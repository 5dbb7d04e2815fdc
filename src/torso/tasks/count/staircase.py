"""Quantiles of counts as tensor operations, for graphs, which have no operator for them.

The more is expected, the less likely are few counts. So a quantile is a staircase over the mean: it rises above k at the mean
under which k counts or fewer have just the share. A table holds these means.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["Staircase", "negative_binomial", "poisson"]

_EXACT = 2**14
"""Counts whose steps are known one by one; above, those that are known are a 500th apart."""
_APART = 1.002
_BOUNDS = 2 * _EXACT  # the last is 10^14 times the exact ones: beyond any mean that a head says
_BLOCK = 128
_SLACK = 1e-9  # as in the heads: a share that is missed by rounding alone is reached
_ENDLESS = 1e300

Inverse = Callable[[np.ndarray, float], np.ndarray]


class Staircase(nn.Module):
    """A quantile of counts for any mean: the exact one up to 16,384, above within one part in that.

    Args:
        inverse: counts and a share -> the means under which so many or fewer have it.
        share: of the probability that the quantile has at or below it.
    """

    means: Tensor
    first: Tensor
    apart: Tensor

    def __init__(self, inverse: Inverse, share: float) -> None:
        super().__init__()
        counts = np.arange(_EXACT, dtype=np.float64)
        beyond = counts[-1] * _APART ** np.arange(1.0, _BOUNDS - _EXACT + 1)
        with np.errstate(all="ignore"):
            means = inverse(np.concatenate([counts, beyond]), share - _SLACK)
        means = np.nan_to_num(means, nan=_ENDLESS, posinf=_ENDLESS)
        means[-1] = _ENDLESS
        # in buffers, since an exporter writes literals as float32
        numbers = {"means": means, "first": np.log(counts[-1]), "apart": np.log(_APART)}
        for name, value in numbers.items():
            self.register_buffer(name, torch.as_tensor(value), persistent=False)

    def forward(self, rate: Tensor) -> Tensor:
        """Return the least counts that have the share at or below them, float64 `[batch]`.

        Args:
            rate: means of the rows, `[batch]`.
        """
        rate = rate.double()
        table = self.means.view(-1, _BLOCK)
        # in two looks, since a graph pays for each operation: first the block, then the place in it
        block = (table[:, -1] < rate[:, None]).long().sum(dim=1)
        steps = _BLOCK * block + (table[block] < rate[:, None]).long().sum(dim=1)
        upper = steps.clamp(_EXACT, _BOUNDS - 1)
        low, high = self.means[upper - 1].log(), self.means[upper].log()
        part = ((rate.log() - low) / (high - low)).clamp(0.0, 1.0)
        far = (self.first + self.apart * ((upper - _EXACT).double() + part)).exp().ceil()
        return torch.where(steps < _EXACT, steps.double(), far)


def poisson(share: float) -> Staircase:
    """Return a quantile of Poisson counts."""
    from scipy.special import gammainccinv

    return Staircase(lambda counts, share: np.asarray(gammainccinv(counts + 1, share)), share)


def negative_binomial(share: float, size: float) -> Staircase:
    """Return a quantile of negative binomial counts.

    Args:
        share: of the probability that it has at or below it.
        size: inverse of the dispersion.
    """
    from scipy.special import betaincinv

    def inverse(counts: np.ndarray, share: float) -> np.ndarray:
        chance = betaincinv(size, counts + 1, share)
        other = betaincinv(counts + 1, size, 1.0 - share)  # 1 - chance, without its cancellation
        return np.asarray(size * other / chance)

    return Staircase(inverse, share)

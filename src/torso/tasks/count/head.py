"""Heads of counts: Poisson and negative binomial likelihoods of whole numbers from 0."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor, nn

from torso.core.ranges import Limits, Range
from torso.tasks._base.golden_section import refit_by_golden_section
from torso.tasks._base.head import Head
from torso.tasks._base.intervals import check_level
from torso.tasks._base.response import Response
from torso.tasks.count import staircase
from torso.tasks.count.staircase import Staircase

__all__ = ["NegativeBinomial", "Poisson"]

_FARTHEST = 15.0  # bound of the log ratio of a row's mean to the overall mean
_LEAST, _MOST = -12.0, 6.0  # bounds of the log dispersion
_LEAST_RATIO = 0.01  # of a blended mean to the overall mean: a sum of trees may fall below 0
_LARGE = 8.0  # from here on Stirling's series is exact to float32


class _Count(Head):
    """Base of heads for counts: a mean through a log link, and intervals that end at whole numbers."""

    answer_inside = False  # the mean of a rare event lies above its 95 %
    statement = "values"

    def __init__(
        self, dim: int, mean: float, level: float, outputs: int, hidden: int, dropout: float
    ) -> None:
        super().__init__(dim, outputs, hidden=hidden, dropout=dropout)
        self.level = check_level(level)
        logarithm = torch.tensor(math.log(mean), dtype=torch.get_default_dtype())
        self.register_buffer("log_mean", logarithm)
        self.staircases: nn.ModuleList | None = None

    log_mean: Tensor

    def hold_still(self) -> None:
        """Take the quantiles of the interval's ends as tensor operations."""
        if self.obstacle():
            return
        self.staircases = nn.ModuleList([self._staircase(share) for share in self._ends()])

    def _ends(self) -> tuple[float, float]:
        return (1 - self.level) / 2, (1 + self.level) / 2

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the means, `[batch]`."""
        return self._log_rate(outputs).exp()

    def details(self, outputs: Tensor, /) -> dict[str, Tensor]:
        """Return `spread`, and the whole numbers `low` and `high` at the quantiles of the interval's ends."""
        quantiles: list[Tensor] | list[np.ndarray]
        if self.staircases is None:
            quantiles = [self._quantile(outputs, share) for share in self._ends()]
        else:
            quantiles = [stairs(self.predict(outputs)) for stairs in self.staircases]
        low, high = (torch.as_tensor(quantile).to(outputs) for quantile in quantiles)
        return {**super().details(outputs), "low": low, "high": high}

    def log_loss(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return minus the log-probability of the targets, `[batch]`."""
        return self.nll(outputs, targets)

    def response(self, targets: Tensor, /) -> Response:
        """Return the counts over their overall mean, `[batch, 1]`."""
        ratio = targets.to(self.log_mean.dtype) / self.log_mean.cpu().exp()
        return Response("values", ratio.float().unsqueeze(1).cpu().numpy())

    def stated(self, outputs: Tensor, /, factor: float | None = None) -> Tensor:  # noqa: ARG002
        """Return the means over the overall mean, `[batch, 1]`."""
        return outputs[:, :1].clamp(-_FARTHEST, _FARTHEST).exp()

    def raw(self, statement: Tensor, outputs: Tensor, /) -> Tensor:
        """Return the logarithm, at least that of a hundredth, with the network's dispersion where it says one."""
        logarithm = statement.clamp(min=_LEAST_RATIO).log().to(outputs.dtype)
        return torch.cat([logarithm, outputs[:, 1:]], dim=1)

    def _log_rate(self, outputs: Tensor) -> Tensor:
        return self.log_mean + outputs[:, 0].clamp(-_FARTHEST, _FARTHEST)

    @abstractmethod
    def _quantile(self, outputs: Tensor, share: float) -> np.ndarray:
        """Return the least count `[batch]` that has `share` of the probability at or below it."""

    @abstractmethod
    def _staircase(self, share: float) -> Staircase:
        """Return the same as a module that reads the means."""


class Poisson(_Count, form="count", name="poisson"):
    """Poisson likelihood with a log link: the variance of a row's count is its mean.

    Args:
        mean: of the counts over training rows, where the mean of every row begins.
        level: share of the labels that the intervals should hold at least.
    """

    def __init__(
        self,
        dim: int,
        mean: Annotated[float, Limits(1e-30, 1e300)] = 1.0,
        *,
        level: float = 0.9,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__(dim, mean, level, 1, hidden, dropout)

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return minus the log-probability of targets `[batch]`, NaN where missing."""
        log_rate = self._log_rate(outputs)
        counts = targets.to(outputs.dtype)
        return log_rate.exp() - counts * log_rate + torch.lgamma(counts + 1)

    def spread(self, outputs: Tensor, /) -> Tensor:
        """Return the standard deviations, the roots of the means, `[batch]`."""
        return (0.5 * self._log_rate(outputs)).exp()

    def _quantile(self, outputs: Tensor, share: float) -> np.ndarray:
        from scipy.special import pdtr, pdtrik

        rate = _plain(self.predict(outputs))
        return _least(lambda counts: pdtr(counts, rate), pdtrik(share, rate), share)

    def _staircase(self, share: float) -> Staircase:
        return staircase.poisson(share)


class NegativeBinomial(_Count, form="count", name="negative_binomial"):
    """Negative binomial likelihood with a log link: the variance is `mean + dispersion * mean²`.

    The Poisson is its limit at no dispersion, which it comes as near as the labels ask for. Parametrised by mean
    and dispersion ("NB2") as in Lawless, Canadian Journal of Statistics 15, 1987.

    Args:
        mean: of the counts over training rows, where the mean of every row begins.
        spread: where the dispersion comes from. `learned`: one for all rows, trained as a parameter and refitted
            on held-out rows; `row`: predicted for each row.
        level: share of the labels that the intervals should hold at least.
    """

    law_settings = ({"spread": "row"},)

    def __init__(
        self,
        dim: int,
        mean: Annotated[float, Limits(1e-30, 1e300)] = 1.0,
        *,
        spread: Literal["learned", "row"] = "learned",
        level: float = 0.9,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        if spread not in ("learned", "row"):
            raise ValueError(f"Parameter `spread` should be 'learned' or 'row'. Found {spread!r}.")
        super().__init__(dim, mean, level, 2 if spread == "row" else 1, hidden, dropout)
        self.source = spread
        if spread == "learned":
            self.log_dispersion = nn.Parameter(torch.tensor(-1.0))

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return minus the log-probability of targets `[batch]`, NaN where missing."""
        log_rate, log_dispersion = self._log_rate(outputs), self._log_dispersion(outputs)
        size = torch.exp(-log_dispersion)
        counts = targets.to(outputs.dtype)
        beyond = torch.log1p(torch.exp(log_rate + log_dispersion))
        log_probability = (
            _rise(counts, size)
            - torch.lgamma(counts + 1)
            + counts * log_rate
            - (size + counts) * beyond
        )
        return -log_probability

    def spread(self, outputs: Tensor, /) -> Tensor:
        """Return the standard deviations, `[batch]`."""
        log_rate = self._log_rate(outputs)
        more = torch.log1p(torch.exp(log_rate + self._log_dispersion(outputs)))
        return (0.5 * (log_rate + more)).exp()

    @torch.no_grad()
    def calibrate(self, outputs: Tensor, targets: Tensor, /) -> None:
        """Set a learned dispersion to the one that makes held-out rows likeliest; nothing without labels."""
        rows = self.labelled(targets)
        if self.source != "learned" or not bool(rows.any()):
            return
        known, truth = outputs[rows], targets[rows]
        refit_by_golden_section(
            self.log_dispersion, lambda: self.nll(known, truth).sum(), _LEAST, _MOST
        )

    def _log_dispersion(self, outputs: Tensor) -> Tensor:
        raw = outputs[:, 1] if self.source == "row" else self.log_dispersion.to(outputs.dtype)
        return raw.clamp(_LEAST, _MOST)

    def _quantile(self, outputs: Tensor, share: float) -> np.ndarray:
        from scipy.special import betainc, nbdtrik

        rate = _plain(self.predict(outputs))
        size = np.broadcast_to(_plain(torch.exp(-self._log_dispersion(outputs))), rate.shape)
        chance = size / (size + rate)
        guess = nbdtrik(share, size, chance)
        return _least(lambda counts: betainc(size, counts + 1, chance), guess, share)

    def _staircase(self, share: float) -> Staircase:
        size = math.exp(-float(self._log_dispersion(self.log_dispersion).detach()))
        return staircase.negative_binomial(share, size)

    def obstacle(self) -> str:
        """Return why a dispersion of each row's own cannot be traced; one for all rows can."""
        if self.source == "learned":
            return ""
        return (
            "with `spread: row` its intervals end at quantiles of two numbers a row, which no graph has an operator for; "
            "`spread: learned` can be exported"
        )


def _rise(counts: Tensor, size: Tensor) -> Tensor:
    """Return `lgamma(counts + size) - lgamma(size) - counts * log(size)`, 0 in the limit of a large `size`.

    For a large `size` by Stirling's series, where the difference of logarithms of huge numbers would be noise.
    """
    large = size.clamp(min=_LARGE)
    ratio = counts / large
    far = (counts + large - 0.5) * torch.log1p(ratio) - counts
    far = far + _stirling(counts + large) - _stirling(large)
    small = size.clamp(max=_LARGE)
    near = torch.lgamma(counts + small) - torch.lgamma(small) - counts * small.log()
    return torch.where(size > _LARGE, far, near)


def _stirling(x: Tensor) -> Tensor:
    """Return `lgamma` less Stirling's formula, for `x` from 8 on."""
    inverse = 1 / x
    square = inverse.square()
    return inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))


def _plain(values: Tensor) -> np.ndarray:
    return np.asarray(values.detach().cpu().double().numpy())


def _least(
    share_at: Callable[[np.ndarray], np.ndarray], guess: np.ndarray, share: float
) -> np.ndarray:
    """Return the least whole numbers with at least `share` at or below, from a `guess` that is off by at most 1."""
    counts = np.ceil(np.nan_to_num(guess) - 1.0).clip(min=0.0)
    for _ in range(2):
        counts = counts + (share_at(counts) < share - 1e-9)
    return np.asarray(counts)

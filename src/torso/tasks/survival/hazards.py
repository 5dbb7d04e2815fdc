"""Times until an event, without an assumed shape: a hazard per piece of time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.tasks._base.intervals import check_level
from torso.tasks._base.temperature import LogitHead

__all__ = ["Hazards"]

_FARTHEST = 10.0  # bound of a row's log hazard, about that of all rows


class Hazards(LogitHead, form="survival", name="hazards"):
    """Piecewise constant hazards, so that curves of survival may have any shape.

    Pieces hold equally many training events, and each has a hazard of its own for all rows. By how much a row's hazards
    are above or below is smooth from piece to piece: a sum of cosines over the pieces, whose amplitudes the network
    gives. So many fine pieces cost little more than a few coarse ones. The likelihood is that of the piecewise exponential model of Friedman,
    Annals of Statistics 10, 1982, with a network for its linear predictor and inputs that may act early or late
    (no proportional hazards). The time goes on being random inside a piece, so the likelihood is a density and may
    be compared with those of the other survival heads.

    Args:
        ends: of the pieces but the last, which has none.
        hazards: events per unit of time in each piece, over training rows, where every row begins.
        log_mean: of the times over training rows, which sets the unit of the loss.
        horizons: times at which the probability of no event so far is reported.
        level: share of the times that should lie between `low` and `high`.
        waves: number of cosines: a constant, then half a wave more each; 1: a row's hazards are in one proportion to those of all
            rows, as in a Cox model.
    """

    law_settings = ({"waves": 2},)
    refits_answer = True

    def __init__(
        self,
        dim: int,
        ends: Sequence[float],
        hazards: Sequence[float],
        log_mean: float = 0.0,
        horizons: Sequence[float] = (),
        *,
        waves: Annotated[int, Range(1, 12)] = 4,
        level: float = 0.9,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        if waves < 1:
            raise ValueError(f"Parameter `waves` should be at least 1. Found {waves}.")
        super().__init__(dim, min(waves, len(ends) + 1), hidden=hidden, dropout=dropout)
        if len(hazards) != len(ends) + 1 or not all(hazard > 0 for hazard in hazards):
            raise ValueError(
                "Parameter `hazards` should have a positive number for each piece, one more than `ends`. "
                f"Found {list(hazards)} for {list(ends)}."
            )
        self.level = check_level(level)
        self.horizons = [float(horizon) for horizon in horizons]
        dtype = torch.get_default_dtype()
        self.register_buffer("starts", torch.tensor([0.0, *ends], dtype=dtype))
        self.register_buffer("lengths", torch.tensor([0.0, *ends, math.inf], dtype=dtype).diff())
        self.register_buffer("log_mean", torch.tensor(log_mean, dtype=dtype))
        self.base = nn.Parameter(torch.tensor(hazards, dtype=dtype).log())
        middle = (torch.arange(len(hazards), dtype=dtype) + 0.5) / len(hazards)
        wave = torch.arange(min(waves, len(hazards)), dtype=dtype).unsqueeze(1)
        self.register_buffer("waves", torch.cos(math.pi * wave * middle))  # [waves, pieces]

    starts: Tensor
    lengths: Tensor
    log_mean: Tensor
    waves: Tensor

    def forward(self, features: Tensor, tokens: Mapping[str, Tokens] | None = None, /) -> Tensor:
        """Return by how much each piece's log hazard is above that of all rows, `[batch, pieces]`."""
        amplitudes = super().forward(features, tokens)
        return amplitudes @ self.waves.to(amplitudes.dtype)

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return minus the log-likelihood of targets `[batch, 2]`, times and events, NaN where missing.

        The unit of an event's density is the geometric mean of the training times.
        """
        event = targets[:, 1].to(outputs.dtype)
        return self.log_loss(outputs, targets) - event * self.log_mean

    def log_loss(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return minus the log-likelihood of the times in their own unit, `[batch]`."""
        time, event = targets.to(outputs.dtype).unbind(dim=1)
        log_hazards = self._log_hazards(outputs)
        piece = (torch.searchsorted(self.starts.to(time), time.contiguous()) - 1).clamp(min=0)
        now = log_hazards.gather(1, piece.clamp(max=len(self.starts) - 1).unsqueeze(1)).squeeze(1)
        return self._cumulative(log_hazards, time) - event * now

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the median times, `[batch]`."""
        return self._time(outputs, 0.5)

    def details(self, outputs: Tensor, /) -> dict[str, Tensor]:
        """Return `low` and `high`, the interval's ends, and `survival_H` for each horizon H, `[batch]` each."""
        log_hazards = self._log_hazards(outputs)
        details = {
            "low": self._time(outputs, (1 - self.level) / 2),
            "high": self._time(outputs, (1 + self.level) / 2),
        }
        for horizon in self.horizons:
            at = outputs.new_full((outputs.shape[0],), horizon)
            details[f"survival_{horizon:g}"] = torch.exp(-self._cumulative(log_hazards, at))
        return details

    def _log_hazards(self, outputs: Tensor) -> Tensor:
        return self.base.to(outputs.dtype) + (self.scale * outputs).clamp(-_FARTHEST, _FARTHEST)

    def _cumulative(self, log_hazards: Tensor, time: Tensor) -> Tensor:
        """Return the hazard summed up to `time` `[batch]`."""
        spent = (time.unsqueeze(1) - self.starts).clamp(min=0.0)  # [batch, pieces]
        return (log_hazards.exp() * torch.minimum(spent, self.lengths)).sum(dim=1)

    def _time(self, outputs: Tensor, share: float) -> Tensor:
        """Return by when `share` of the events will have happened, `[batch]`."""
        hazards = self._log_hazards(outputs).exp()
        full = (hazards[:, :-1] * self.lengths[:-1]).cumsum(dim=1)
        before = torch.cat([full.new_zeros(full.shape[0], 1), full], dim=1)  # at each start
        wanted = -math.log1p(-share)
        piece = (before < wanted).sum(dim=1, keepdim=True) - 1
        rest = wanted - before.gather(1, piece)
        return (self.starts[piece] + rest / hazards.gather(1, piece)).squeeze(1)

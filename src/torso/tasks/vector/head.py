"""Several numbers at once: Gaussian likelihoods, standardised inside, in the user's unit outside."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Annotated, ClassVar, Literal

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.tasks._base.head import Head, known_sum
from torso.tasks._base.intervals import check_level, conformal_bound
from torso.tasks._base.recentring import recentring
from torso.tasks._base.response import Response

__all__ = ["GaussianVector", "Spread"]

Spread = Literal["learned", "row", "none"]
_WIDEST = 6.0  # bound of a log spread: a factor of 400 around the target's own


class GaussianVector(Head, form="vector", name="gaussian"):
    """Independent Gaussian likelihoods of several numbers.

    Targets come and predictions leave in the user's unit; inside they are standardised by `mean` and `std`,
    and the likelihood is that of the standardised target (it differs by the constant `sum log std`).

    Args:
        mean: of each number, over training rows.
        std: of each number, over training rows.
        spread: where the standard deviation comes from. `learned`: one per number, trained as a parameter
            and refitted on held-out rows (`calibrate`); `row`: predicted for each row (Nix & Weigend 1994);
            `none`: no likelihood but the plain squared error, which is that of a Gaussian with variance 1/2
            less its constant.
        level: share of the labels that the intervals should hold; they are fitted on held-out rows, and until then,
            or with too few of them, are those of the likelihood.
        recentre: held-out rows move and scale the answers of each number, by a line that differs little from none
            where rows are few.
    """

    added_later = ("slope", "offset")
    refits_answer = True

    law_settings: ClassVar[tuple[Mapping[str, object], ...]] = (
        {"spread": "row"},
        {"spread": "none"},
    )

    statement = "values"

    def __init__(
        self,
        dim: int,
        mean: Sequence[float],
        std: Sequence[float],
        *,
        spread: Spread = "learned",
        level: float = 0.9,
        recentre: bool = True,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        size = len(mean)
        super().__init__(dim, 2 * size if spread == "row" else size, hidden=hidden, dropout=dropout)
        if spread not in ("learned", "row", "none"):
            raise ValueError(
                f"Parameter `spread` should be 'learned', 'row' or 'none'. Found {spread!r}."
            )
        self.source = spread
        self.recentre = recentre
        self.level = check_level(level)
        dtype = torch.get_default_dtype()
        self.register_buffer("mean", torch.tensor(list(mean), dtype=dtype))
        self.register_buffer("std", torch.tensor(list(std), dtype=dtype))
        self.register_buffer("reach", torch.zeros(size, dtype=dtype))  # in spreads; 0: not fitted
        if recentre:
            self.register_buffer("slope", torch.ones(size, dtype=dtype))
            self.register_buffer("offset", torch.zeros(size, dtype=dtype))
        if spread == "learned":
            self.log_spread = nn.Parameter(torch.zeros(size))

    mean: Tensor
    std: Tensor
    reach: Tensor
    slope: Tensor
    offset: Tensor

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the summed likelihoods of targets `[batch, numbers]`, NaN where missing."""
        known = ~targets.isnan()
        center, log_spread = self._parameters_of(outputs)
        clean = torch.where(known, (targets.to(outputs.dtype) - self.mean) / self.std, 0.0)
        error = clean - center
        if log_spread is None:
            return known_sum(error.square(), known)
        return known_sum(self._cost(error * torch.exp(-log_spread)) + log_spread, known)

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the means in the user's unit, `[batch, numbers]`."""
        return self._parameters_of(outputs)[0] * self.std + self.mean

    def spread(self, outputs: Tensor, /) -> Tensor | None:
        """Return standard deviations in the user's unit, `[batch, numbers]`; None for `spread: none`."""
        log_spread = self._parameters_of(outputs)[1]
        return (
            None
            if log_spread is None
            else (log_spread.exp() * self.std).expand(outputs.shape[0], -1)
        )

    def details(self, outputs: Tensor, /) -> dict[str, Tensor]:
        """Return `spread`, unless there is none, and the interval's ends `low` and `high`, all as `predict`."""
        center, log_spread = self._parameters_of(outputs)
        fitted = torch.where(self.reach > 0, self.reach, self._quantile((1 + self.level) / 2))
        half = fitted if log_spread is None else fitted * log_spread.exp()
        ends = {
            name: ((center + sign * half) * self.std + self.mean).to(outputs.dtype)
            for name, sign in (("low", -1), ("high", 1))
        }
        return {**super().details(outputs), **ends}

    @torch.no_grad()
    def calibrate(self, outputs: Tensor, targets: Tensor, /) -> None:
        """Refit where the answers lie, then a learned spread, then the interval, on held-out rows."""
        labels = (targets.to(outputs.dtype).view(len(outputs), -1) - self.mean) / self.std
        if self.recentre:
            pairs = zip(self.stated(outputs, factor=1.0).unbind(1), labels.unbind(1), strict=True)
            for place, (answers, column) in enumerate(pairs):
                if not bool(column.isnan().all()):
                    self.slope[place], self.offset[place] = recentring(answers, column)
        error = labels - self._parameters_of(outputs)[0]
        if self.source == "learned":
            for place, column in enumerate(error.unbind(dim=1)):
                seen = column[~column.isnan()]
                if len(seen) > 1:
                    self._refit(place, seen)
        log_spread = self._parameters_of(outputs)[1]
        distances = (error if log_spread is None else error * torch.exp(-log_spread)).abs()
        for place, column in enumerate(distances.unbind(dim=1)):
            bound = conformal_bound(column, self.level)
            if bound is not None:
                self.reach[place] = bound

    def response(self, targets: Tensor, /) -> Response:
        """Return the standardised numbers `[batch, numbers]`."""
        standard = (
            targets.view(len(targets), -1).to(self.mean.dtype) - self.mean.cpu()
        ) / self.std.cpu()
        return Response("values", standard.float().cpu().numpy())

    def stated(self, outputs: Tensor, /, factor: float | None = None) -> Tensor:
        """Return the standardised means `[batch, numbers]`; with a `factor`, as the network says them."""
        center = outputs.chunk(2, dim=1)[0] if self.source == "row" else outputs
        return center * self.slope + self.offset if self.recentre and factor is None else center

    @torch.no_grad()
    def uncalibrate(self) -> None:
        """Let the answers lie where the network says."""
        if self.recentre:
            self.slope.fill_(1.0)
            self.offset.fill_(0.0)

    def raw(self, statement: Tensor, outputs: Tensor, /) -> Tensor:
        """Return the means with the spreads of the network's outputs, where it says one for each row."""
        if self.source != "row":
            return statement
        return torch.cat([statement, outputs[:, statement.shape[1] :]], dim=1)

    def _refit(self, place: int, errors: Tensor) -> None:
        """Make the standardised `errors` `[rows]` of one number likeliest: their root mean square."""
        self.log_spread[place] = errors.square().mean().sqrt().log().clamp(-_WIDEST, _WIDEST)

    def _cost(self, scaled: Tensor) -> Tensor:
        """Return minus the log-density of errors in spreads."""
        return 0.5 * scaled.square() + 0.5 * math.log(2 * math.pi)

    def _quantile(self, share: float) -> float:
        """Return where, in spreads, the distribution has `share` below it."""
        return NormalDist().inv_cdf(share)

    def _parameters_of(self, outputs: Tensor) -> tuple[Tensor, Tensor | None]:
        center = self.stated(outputs)
        if self.source == "none":
            return center, None
        if self.source == "learned":
            return center, self.log_spread.to(outputs.dtype).clamp(-_WIDEST, _WIDEST)
        return center, outputs.chunk(2, dim=1)[1].clamp(-_WIDEST, _WIDEST)

"""Times until an event, censored ones included: accelerated failure time models.

The logarithm of the time is a number that the network predicts plus noise of one shape, so an input makes time
run faster or slower by a factor. A row without an event contributes the probability of none until then.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from statistics import NormalDist
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.ranges import Range
from torso.tasks._base.golden_section import refit_by_golden_section
from torso.tasks._base.head import Head
from torso.tasks._base.intervals import check_level
from torso.tasks._base.response import Response

__all__ = ["LogLogistic", "LogNormal", "Weibull"]

_WIDEST = 4.0  # bound of a log spread
_FARTHEST = 10.0  # bound of a row's log median, in spreads of all log times
_LONGEST = 30.0  # bound of a log cumulative hazard
_LOG_LOG_2 = math.log(math.log(2.0))


class _LogTime(Head):
    """Base of accelerated failure times. The noise of the log time has its median at 0.

    Args:
        log_mean: of the times over training rows.
        log_std: standard deviation of the log times.
        horizons: times at which the probability of no event so far is reported.
        spread: where the spread of the log time comes from. `learned`: one for all rows, trained as a parameter and
            refitted on held-out rows; `row`: predicted for each row.
        level: share of the times that should lie between `low` and `high`.
    """

    statement = "values"

    def __init__(
        self,
        dim: int,
        log_mean: float = 0.0,
        log_std: float = 1.0,
        horizons: Sequence[float] = (),
        *,
        spread: Literal["learned", "row"] = "learned",
        level: float = 0.9,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        if spread not in ("learned", "row"):
            raise ValueError(f"Parameter `spread` should be 'learned' or 'row'. Found {spread!r}.")
        super().__init__(dim, 2 if spread == "row" else 1, hidden=hidden, dropout=dropout)
        self.source = spread
        self.level = check_level(level)
        self.horizons = [float(horizon) for horizon in horizons]
        dtype = torch.get_default_dtype()
        self.register_buffer("log_mean", torch.tensor(log_mean, dtype=dtype))
        self.register_buffer("log_std", torch.tensor(log_std, dtype=dtype))
        if spread == "learned":
            self.log_spread = nn.Parameter(torch.zeros(()))

    log_mean: Tensor
    log_std: Tensor

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return minus the log-likelihood of targets `[batch, 2]`, times and events, NaN where missing.

        Of an event it is that of the standardised log time, which differs by a constant and the log time.
        """
        center, log_spread = self._parameters_of(outputs)
        time, event = targets.to(outputs.dtype).unbind(dim=1)
        scaled = ((time.log() - self.log_mean) / self.log_std - center) * torch.exp(-log_spread)
        return torch.where(
            event > 0.5, log_spread - self._log_density(scaled), -self._log_survival(scaled)
        )

    def log_loss(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return minus the log-likelihood of the times in their own unit, `[batch]`."""
        time, event = targets.to(outputs.dtype).unbind(dim=1)
        return self.nll(outputs, targets) + event * (self.log_std.log() + time.log())

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the median times, `[batch]`."""
        return self._time(outputs, 0.5)

    def details(self, outputs: Tensor, /) -> dict[str, Tensor]:
        """Return `low` and `high`, the interval's ends, and `survival_H` for each horizon H, `[batch]` each."""
        center, log_spread = self._parameters_of(outputs)
        details = {
            name: self._time(outputs, share)
            for name, share in (("low", (1 - self.level) / 2), ("high", (1 + self.level) / 2))
        }
        for horizon in self.horizons:
            at = (math.log(horizon) - self.log_mean) / self.log_std
            scaled = (at - center) * torch.exp(-log_spread)
            details[f"survival_{horizon:g}"] = self._log_survival(scaled).exp()
        return details

    @torch.no_grad()
    def calibrate(self, outputs: Tensor, targets: Tensor, /) -> None:
        """Set a learned spread to the one that makes held-out rows likeliest; nothing without an event."""
        rows = self.labelled(targets)
        if self.source != "learned" or not bool((targets[rows, 1] > 0.5).any()):
            return
        known, truth = outputs[rows], targets[rows]
        refit_by_golden_section(
            self.log_spread, lambda: self.nll(known, truth).sum(), -_WIDEST, _WIDEST
        )

    def response(self, targets: Tensor, /) -> Response:
        """Return the standardised log times `[batch, 1]`; one without an event is its expectation.

        Buckley & James, "Linear Regression with Censored Data", Biometrika 66, 1979. Differs: the expectation is that
        of a normal distribution of all log times, not of each row's own, so nothing is iterated.
        """
        time, event = targets.double().unbind(dim=1)
        standard = (time.log() - self.log_mean.cpu()) / self.log_std.cpu()
        density = torch.exp(-0.5 * standard.square()) / math.sqrt(2 * math.pi)
        later = density / torch.special.ndtr(-standard).clamp(min=1e-12)
        value = torch.where(event > 0.5, standard, torch.maximum(later, standard))
        return Response("values", value.float().unsqueeze(1).numpy())

    def stated(self, outputs: Tensor, /, factor: float | None = None) -> Tensor:  # noqa: ARG002
        """Return the standardised log medians `[batch, 1]`."""
        return outputs[:, :1].clamp(-_FARTHEST, _FARTHEST)

    def raw(self, statement: Tensor, outputs: Tensor, /) -> Tensor:
        """Return the log medians with the network's spreads, where it says one for each row."""
        return torch.cat([statement.to(outputs.dtype), outputs[:, 1:]], dim=1)

    def _parameters_of(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        raw = outputs[:, 1] if self.source == "row" else self.log_spread.to(outputs.dtype)
        return outputs[:, 0].clamp(-_FARTHEST, _FARTHEST), raw.clamp(-_WIDEST, _WIDEST)

    def _time(self, outputs: Tensor, share: float) -> Tensor:
        """Return by when `share` of the events will have happened, `[batch]`."""
        center, log_spread = self._parameters_of(outputs)
        standard = center + self._quantile(share) * log_spread.exp()
        most = math.log(torch.finfo(outputs.dtype).max) - 1
        return torch.exp((standard * self.log_std + self.log_mean).clamp(max=most))

    @abstractmethod
    def _log_density(self, scaled: Tensor) -> Tensor:
        """Return the log-density of the noise."""

    @abstractmethod
    def _log_survival(self, scaled: Tensor) -> Tensor:
        """Return the log-probability of more noise."""

    @abstractmethod
    def _quantile(self, share: float) -> float:
        """Return the noise that has `share` below it."""


class Weibull(_LogTime, form="survival", name="weibull"):
    """Weibull times: the hazard rises or falls as a power of time; inputs speed it up by a factor.

    The one family in which a factor on time is also a factor on the hazard, as in Cox's model. The network's number
    is the log median.
    """

    law_settings = ({"spread": "row"},)

    def _log_density(self, scaled: Tensor) -> Tensor:
        log_hazard = (scaled + _LOG_LOG_2).clamp(max=_LONGEST)
        return log_hazard - log_hazard.exp()

    def _log_survival(self, scaled: Tensor) -> Tensor:
        return -(scaled + _LOG_LOG_2).clamp(max=_LONGEST).exp()

    def _quantile(self, share: float) -> float:
        return math.log(-math.log1p(-share)) - _LOG_LOG_2


class LogNormal(_LogTime, form="survival", name="log_normal"):
    """Log-normal times: the hazard rises first and falls later."""

    law_settings = ({"spread": "row"},)

    def _log_density(self, scaled: Tensor) -> Tensor:
        return -0.5 * scaled.square() - 0.5 * math.log(2 * math.pi)

    def _log_survival(self, scaled: Tensor) -> Tensor:
        tail: Tensor = torch.special.log_ndtr(-scaled)
        return tail

    def _quantile(self, share: float) -> float:
        return NormalDist().inv_cdf(share)


class LogLogistic(_LogTime, form="survival", name="log_logistic"):
    """Log-logistic times: like the log-normal with heavier tails; inputs multiply the odds of an event."""

    law_settings = ({"spread": "row"},)

    def _log_density(self, scaled: Tensor) -> Tensor:
        return functional.logsigmoid(scaled) + functional.logsigmoid(-scaled)

    def _log_survival(self, scaled: Tensor) -> Tensor:
        return functional.logsigmoid(-scaled)

    def _quantile(self, share: float) -> float:
        return math.log(share / (1 - share))

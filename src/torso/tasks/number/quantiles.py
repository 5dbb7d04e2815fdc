"""One number by its quantiles: no shape is assumed, so the spread may differ up and down and from row to row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.ranges import Range
from torso.tasks._base.head import Head
from torso.tasks._base.intervals import check_level, conformal_bound
from torso.tasks._base.response import Response

__all__ = ["Quantiles"]

_WIDEST = 6.0


class Quantiles(Head, form="number", name="quantiles"):
    """Quantile regression: the median, the ends of an interval, and other quantiles on request.

    Koenker & Bassett, "Regression Quantiles", Econometrica 46, 1978. Each quantile q minimises the pinball loss,
    which is the negative log-likelihood of an asymmetric Laplace distribution around it (Koenker & Machado 1999);
    the loss is the mean of these over the quantiles, each with a learned scale. They are no one density, so no
    log loss is reported. Quantiles never cross: the others are the median plus or minus positive steps. The
    interval is moved outwards or inwards until it holds `level` of the held-out labels: Romano, Patterson & Candès,
    "Conformalized Quantile Regression", NeurIPS 2019 (https://arxiv.org/abs/1905.03222).

    Args:
        mean: of the target over training rows.
        std: of the target over training rows.
        level: share of the labels that the interval should hold; the quantiles at its ends are learned too.
        quantiles: further ones to report, each between 0 and 1.
    """

    law_settings = ({"quantiles": [0.1, 0.5, 0.6]},)

    statement = "values"

    def __init__(
        self,
        dim: int,
        mean: float = 0.0,
        std: float = 1.0,
        *,
        level: float = 0.9,
        quantiles: Sequence[float] = (0.25, 0.75),
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        level = check_level(level)
        if not all(0.0 < share < 1.0 for share in quantiles):
            raise ValueError(
                f"Parameter `quantiles` should lie between 0 and 1. Found {list(quantiles)}."
            )
        ends = [round((1 - level) / 2, 12), round((1 + level) / 2, 12)]
        places = sorted({*map(float, quantiles), *ends, 0.5})
        super().__init__(dim, len(places), hidden=hidden, dropout=dropout)
        self.level = level
        self.asked = [float(share) for share in quantiles]
        self.places = places
        self._middle = places.index(0.5)
        self._ends = places.index(ends[0]), places.index(ends[1])
        dtype = torch.get_default_dtype()
        self.register_buffer("mean", torch.tensor(mean, dtype=dtype))
        self.register_buffer("std", torch.tensor(std, dtype=dtype))
        self.register_buffer("margin", torch.zeros((), dtype=dtype))
        self.log_scale = nn.Parameter(torch.full((len(places),), -1.0))

    mean: Tensor
    std: Tensor
    margin: Tensor

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the mean over the quantiles of the asymmetric Laplace losses of targets `[batch]`, NaN where missing."""
        places = outputs.new_tensor(self.places)
        error = ((targets.to(outputs.dtype) - self.mean) / self.std).unsqueeze(1)
        error = error - self._standard(outputs)
        log_scale = self.log_scale.to(outputs.dtype).clamp(-_WIDEST, _WIDEST)
        pinball = torch.maximum(places * error, (places - 1) * error)
        constant = torch.log(places * (1 - places))
        return (pinball * torch.exp(-log_scale) + log_scale - constant).mean(dim=1)

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the median in the user's unit, `[batch]`."""
        return self._standard(outputs)[:, self._middle] * self.std + self.mean

    def details(self, outputs: Tensor, /) -> dict[str, Tensor]:
        """Return the interval's ends `low` and `high`, and a `quantile_Q` for each asked for, `[batch]` each."""
        quantiles = self._standard(outputs)
        low, high = (quantiles[:, place] for place in self._ends)
        middle = quantiles[:, self._middle]
        named = {
            "low": torch.minimum(low - self.margin, middle),
            "high": torch.maximum(high + self.margin, middle),
        }
        named |= {
            f"quantile_{share:g}": quantiles[:, self.places.index(share)] for share in self.asked
        }
        return {name: value * self.std + self.mean for name, value in named.items()}

    @torch.no_grad()
    def calibrate(self, outputs: Tensor, targets: Tensor, /) -> None:
        """Refit the scales, then move the interval's ends, on held-out rows."""
        rows = self.labelled(targets)
        if not bool(rows.any()):
            return
        quantiles = self._standard(outputs[rows])
        label = ((targets[rows].to(outputs.dtype) - self.mean) / self.std).unsqueeze(1)
        places = outputs.new_tensor(self.places)
        error = label - quantiles
        pinball = torch.maximum(places * error, (places - 1) * error).mean(dim=0)
        self.log_scale.copy_(pinball.clamp(min=1e-12).log().clamp(-_WIDEST, _WIDEST))
        low, high = (quantiles[:, place : place + 1] for place in self._ends)
        bound = conformal_bound(torch.maximum(low - label, label - high).squeeze(1), self.level)
        if bound is not None:
            self.margin.fill_(bound)

    def response(self, targets: Tensor, /) -> Response:
        """Return the standardised number `[batch, 1]`."""
        standard = (targets.to(self.mean.dtype) - self.mean.cpu()) / self.std.cpu()
        return Response("values", standard.float().unsqueeze(1).cpu().numpy())

    def stated(self, outputs: Tensor, /, factor: float | None = None) -> Tensor:  # noqa: ARG002
        """Return the standardised median `[batch, 1]`."""
        return outputs[:, self._middle : self._middle + 1]

    def raw(self, statement: Tensor, outputs: Tensor, /) -> Tensor:
        """Return the median with the other quantiles at the network's distances from it."""
        moved = outputs.clone()
        moved[:, self._middle] = statement[:, 0].to(outputs.dtype)
        return moved

    def _standard(self, outputs: Tensor) -> Tensor:
        """Return the standardised quantiles `[batch, quantiles]`, rising."""
        middle = outputs[:, self._middle : self._middle + 1]
        down = functional.softplus(outputs[:, : self._middle]).flip(1).cumsum(dim=1).flip(1)
        up = functional.softplus(outputs[:, self._middle + 1 :]).cumsum(dim=1)
        return torch.cat([middle - down, middle, middle + up], dim=1)

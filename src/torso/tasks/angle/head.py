"""One angle: the von Mises likelihood, the Gaussian's counterpart on a circle."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.ranges import Range
from torso.tasks._base.golden_section import refit_by_golden_section
from torso.tasks._base.head import Head
from torso.tasks._base.response import Response
from torso.tasks.angle.bessel import bessel_ratio, plain_bessel_ratio

__all__ = ["VonMises"]

_LEAST, _MOST = (
    -7.0,
    math.log(1e4),
)  # bounds of the log concentration; at 1e4 the spread is half a degree
_TURN = 2 * math.pi


class VonMises(Head, form="angle", name="von_mises"):
    """Von Mises likelihood of an angle: density `exp(k cos(angle - mean)) / (2 pi I0(k))`.

    The mean direction is that of a vector of two outputs, so that no answer lies at the edge of a turn; the
    concentration k is a number above 0, about the inverse square of the spread in radians where it is large.
    K. V. Mardia, P. E. Jupp, Directional Statistics, Wiley 2000, section 3.5.4; as a likelihood for networks: Prokudin,
    Gehler, Nowozin, ECCV 2018 (https://arxiv.org/abs/1805.03430), single density. Differs: by default one
    concentration for all rows, refitted on held-out rows; both begin at those of the training labels.

    The spread is the circular standard deviation `sqrt(-2 log(I1(k) / I0(k)))`, in radians as all here.

    Args:
        direction: mean of the training labels, in radians, where every row begins.
        concentration: of the training labels, where every row begins.
        spread: where the concentration comes from. `learned`: one for all rows, trained as a parameter and refitted
            on held-out rows; `row`: predicted for each row.
    """

    law_settings = ({"spread": "row"},)

    statement = "values"

    def __init__(
        self,
        dim: int,
        direction: float = 0.0,
        concentration: float = 1.0,
        *,
        spread: Literal["learned", "row"] = "learned",
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        if spread not in ("learned", "row"):
            raise ValueError(f"Parameter `spread` should be 'learned' or 'row'. Found {spread!r}.")
        super().__init__(dim, 3 if spread == "row" else 2, hidden=hidden, dropout=dropout)
        self.source = spread
        self._resultant = bessel_ratio
        start = torch.tensor([math.cos(direction), math.sin(direction)])
        self.register_buffer("start", start)
        first = torch.tensor(math.log(max(concentration, 1e-3)))
        if spread == "learned":
            self.log_concentration = nn.Parameter(first)
        else:
            self.register_buffer("log_concentration", first)

    start: Tensor
    log_concentration: Tensor

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return minus the log-density per radian of angles `[batch]` in radians, NaN where missing."""
        mean, concentration = self._mean(outputs), self._log_concentration(outputs).exp()
        angle = targets.to(outputs.dtype)
        cosine = mean[:, 0] * angle.cos() + mean[:, 1] * angle.sin()
        # log I0(k) - k cos = log(I0(k) exp(-k)) + k (1 - cos), which does not overflow
        constant: Tensor = torch.special.i0e(concentration).log() + math.log(_TURN)
        return constant + concentration * (1 - cosine)

    def log_loss(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return minus the log-density per radian, `[batch]`."""
        return self.nll(outputs, targets)

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the mean directions in radians, from 0 to 2 pi, `[batch]`."""
        mean = self._mean(outputs)
        return torch.remainder(torch.atan2(mean[:, 1], mean[:, 0]), _TURN)

    def spread(self, outputs: Tensor, /) -> Tensor:
        """Return the circular standard deviations in radians, `[batch]`."""
        concentration = self._log_concentration(outputs).exp()
        length = self._resultant(concentration)
        return (-2 * length.log()).sqrt().expand(outputs.shape[0])

    def hold_still(self) -> None:
        """Take the ratio of Bessel functions as arithmetic, since ONNX lacks them."""
        self._resultant = plain_bessel_ratio

    def details(self, outputs: Tensor, /) -> dict[str, Tensor]:
        """Return `spread` and `concentration`, `[batch]` each."""
        concentration = self._log_concentration(outputs).exp().expand(outputs.shape[0])
        return {"spread": self.spread(outputs), "concentration": concentration}

    @torch.no_grad()
    def calibrate(self, outputs: Tensor, targets: Tensor, /) -> None:
        """Set a learned concentration to the one that makes held-out rows likeliest; nothing without labels."""
        rows = self.labelled(targets)
        if self.source != "learned" or not bool(rows.any()):
            return
        known, truth = outputs[rows], targets[rows]
        refit_by_golden_section(
            self.log_concentration, lambda: self.nll(known, truth).sum(), _LEAST, _MOST
        )

    def response(self, targets: Tensor, /) -> Response:
        """Return the directions as unit vectors `[batch, 2]`."""
        return Response("values", torch.stack([targets.cos(), targets.sin()], 1).float().numpy())

    def stated(self, outputs: Tensor, /, factor: float | None = None) -> Tensor:  # noqa: ARG002
        """Return the mean directions as unit vectors `[batch, 2]`."""
        return self._mean(outputs)

    def raw(self, statement: Tensor, outputs: Tensor, /) -> Tensor:
        """Return the direction of the statement, with the network's concentration where it says one."""
        vector = statement.to(outputs.dtype) - self.start.to(outputs)
        return torch.cat([vector, outputs[:, 2:]], dim=1)

    def _mean(self, outputs: Tensor) -> Tensor:
        """Return unit vectors `[batch, 2]`."""
        return functional.normalize(self.start.to(outputs.dtype) + outputs[:, :2], dim=1)

    def _log_concentration(self, outputs: Tensor) -> Tensor:
        """Return `[batch]`, or one for all rows."""
        shared = self.log_concentration.to(outputs.dtype)
        return (shared + outputs[:, 2] if self.source == "row" else shared).clamp(_LEAST, _MOST)

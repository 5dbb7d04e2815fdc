"""Yes or no: logistic likelihood."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor
from torch.nn import functional

from torso.core.ranges import Range
from torso.tasks._base.response import Response
from torso.tasks._base.temperature import LogitHead

__all__ = ["Logistic"]


class Logistic(LogitHead, form="binary", name="logistic"):
    """Bernoulli likelihood."""

    statement = "binaries"

    def __init__(
        self,
        dim: int,
        *,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__(dim, 1, hidden=hidden, dropout=dropout)

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the binary cross-entropy of targets `[batch]` in {0, 1}, NaN where missing."""
        return functional.binary_cross_entropy_with_logits(
            self.scale * outputs.squeeze(1), targets.to(outputs.dtype), reduction="none"
        )

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the probability of the positive class, `[batch]`."""
        return (self.scale * outputs.squeeze(1)).sigmoid()

    def response(self, targets: Tensor, /) -> Response:
        """Return the label as one of its kind."""
        return Response("binaries", targets.float().unsqueeze(1).cpu().numpy())

    def stated(self, outputs: Tensor, /, factor: float | None = None) -> Tensor:
        """Return the logit, `[batch, 1]`."""
        return (self.scale if factor is None else factor) * outputs

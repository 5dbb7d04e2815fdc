"""Yes or no: logistic likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional

from torso.core.ranges import Range
from torso.tasks._base.class_weights import Weights, class_weights
from torso.tasks._base.response import Response
from torso.tasks._base.temperature import LogitHead

__all__ = ["Logistic"]


class Logistic(LogitHead, form="binary", name="logistic"):
    """Bernoulli likelihood, which training may depart from by class weights.

    In evaluation mode the loss is the plain likelihood, as are calibration and metrics.

    Args:
        names: of the two classes, to which `weights` may refer; the second is positive.
        frequencies: of the classes among the training rows, for `weights: balanced`.
        weights: `none`; `balanced`: in inverse ratio to the frequencies, 1 for the average row; or class -> weight,
            1 for a class without.

    Raises:
        ConfigError: a weight for an unknown class.
        ValueError: a weight out of its range, or `balanced` without frequencies.
    """

    law_settings = ({"weights": "balanced"},)
    statement = "binaries"

    def __init__(
        self,
        dim: int,
        names: Sequence[str] | None = None,
        frequencies: Sequence[float] | None = None,
        *,
        weights: Weights = "none",
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__(dim, 1, hidden=hidden, dropout=dropout)
        own = ["0", "1"] if names is None else list(names)
        chosen = torch.tensor(class_weights(weights, own, frequencies))
        self.register_buffer("weights", chosen, persistent=False)
        self.weighted = weights != "none"

    weights: Tensor

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the binary cross-entropy of targets `[batch]` in {0, 1}, NaN where missing."""
        return functional.binary_cross_entropy_with_logits(
            self.scale * outputs.squeeze(1), targets.to(outputs.dtype), reduction="none"
        )

    def training_loss(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the loss that training minimises, `[batch]`."""
        losses = self.nll(outputs, targets)
        return losses * self.weights.to(losses)[targets.long()] if self.weighted else losses

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the probability of the positive class, `[batch]`."""
        return (self.scale * outputs.squeeze(1)).sigmoid()

    def response(self, targets: Tensor, /) -> Response:
        """Return the label as one of its kind."""
        weights = self.weights.double().cpu().numpy()[None] if self.weighted else None
        labels = targets.float().unsqueeze(1).cpu().numpy()
        return Response("binaries", labels, class_weights=weights)

    def stated(self, outputs: Tensor, /, factor: float | None = None) -> Tensor:
        """Return the logit, `[batch, 1]`."""
        return (self.scale if factor is None else factor) * outputs

"""Any number of labels at once: independent logistic likelihoods."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor
from torch.nn import functional

from torso.core.ranges import Range
from torso.tasks._base.head import known_sum
from torso.tasks._base.response import Response
from torso.tasks._base.temperature import LogitHead

__all__ = ["Logistics"]


class Logistics(LogitHead, form="multilabel", name="logistic"):
    """One Bernoulli likelihood per label, summed over the labels whose value is known.

    Args:
        labels: number of labels.
    """

    statement = "binaries"

    def __init__(
        self,
        dim: int,
        labels: int,
        *,
        hidden: Annotated[int, Range(0, 256)] = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__(dim, labels, hidden=hidden, dropout=dropout)

    def nll(self, outputs: Tensor, targets: Tensor, /) -> Tensor:
        """Return the summed cross-entropies of targets `[batch, labels]` in {0, 1}, NaN where missing."""
        known = ~targets.isnan()
        clean = targets.nan_to_num(0.0).to(outputs.dtype)
        terms = functional.binary_cross_entropy_with_logits(
            self.scale * outputs, clean, reduction="none"
        )
        return known_sum(terms, known)

    def predict(self, outputs: Tensor, /) -> Tensor:
        """Return the probability of each label, `[batch, labels]`."""
        return (self.scale * outputs).sigmoid()

    def response(self, targets: Tensor, /) -> Response:
        """Return the labels."""
        return Response("binaries", targets.float().cpu().numpy())

    def stated(self, outputs: Tensor, /, factor: float | None = None) -> Tensor:
        """Return a logit per label, `[batch, labels]`."""
        return (self.scale if factor is None else factor) * outputs

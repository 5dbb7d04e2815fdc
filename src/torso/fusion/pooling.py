"""Parallel, the simplest: a linear layer per modality, then the sum, mean or maximum."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from torso.core.tensors import Named, masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_vectors import variance_preserving_linear

__all__ = ["Max", "Mean", "Sum"]


class _Pooling(Fusion):
    """`pool_m (W_m x_m + b_m)` over the modalities that a row has; `x_m` is the mean of the tokens of `m`.

    Each modality has a linear layer of its own. Without it nothing would tell which modality a vector comes
    from, and the encoders would have to agree on their axes.
    """

    order_invariant: ClassVar[bool] = True

    def __init__(self, modalities: Sequence[str], dim: int) -> None:
        super().__init__(modalities, dim)
        self.project: Named[nn.Linear] = Named(
            {name: variance_preserving_linear(dim, dim) for name in self.modalities}
        )

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row; it is absent where every modality is."""
        present = torch.stack([modality.present for modality in tokens.values()], dim=1)
        projected = [self.project[name](masked_mean(modality)) for name, modality in tokens.items()]
        pooled = self.pool(torch.stack(projected, dim=1), present.unsqueeze(2))
        return Tokens.vector(pooled, present.any(dim=1))

    @abstractmethod
    def pool(self, vectors: Tensor, present: Tensor, /) -> Tensor:
        """Pool `[batch, modalities, dim]` under `present` `[batch, modalities, 1]`; zeros for a row with none."""


class Sum(_Pooling, name="sum"):
    """Sum of one projected vector per modality: `Σ_m (W_m x_m + b_m)`.

    A modality that a row lacks adds nothing.

    From Zaheer et al., NeurIPS 2017 (Deep Sets, https://arxiv.org/abs/1703.06114). Differs: the map of an element
    is linear and belongs to its modality, and no layer follows the sum, which is left to the heads.
    """

    def pool(self, vectors: Tensor, present: Tensor, /) -> Tensor:
        """Return the sum."""
        return vectors.masked_fill(~present, 0.0).sum(dim=1)


class Mean(_Pooling, name="mean"):
    """Mean of one projected vector per modality, over the modalities that a row has.

    `sum` divided by the number of modalities present, so the scale does not depend on that number.
    """

    def pool(self, vectors: Tensor, present: Tensor, /) -> Tensor:
        """Return the mean."""
        count = present.sum(dim=1).clamp(min=1)
        return vectors.masked_fill(~present, 0.0).sum(dim=1) / count


class Max(_Pooling, name="max"):
    """Maximum of each component over one projected vector per modality that a row has.

    A modality without any maximum in a row gets no gradient from that row.
    """

    def pool(self, vectors: Tensor, present: Tensor, /) -> Tensor:
        """Return the maximum."""
        largest = vectors.masked_fill(~present, -torch.inf).amax(dim=1)
        return torch.where(present.any(dim=1), largest, 0.0)

"""Sequential: one modality's vector is scaled and shifted by each of the others in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from torso.core.tensors import Named, masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._walk_order import leader_and_others

__all__ = ["Film"]


class Film(Fusion, name="film"):
    """Each modality in turn scales and shifts the vector of one modality (FiLM).

    Feature-wise linear modulation: `x <- gamma_m * x + beta_m`, with gamma and beta from modality m.

    `x` begins as the mean of the tokens of `base`; `gamma_m = 1 + A_m c_m` and `beta_m = B_m c_m` (both with
    a bias), where `c_m` is the normalised mean of the tokens of m.

    From Perez et al., AAAI 2018 (FiLM, https://arxiv.org/abs/1709.07871); `1 + ...` is the option
    `gamma_baseline` of the authors' code. Differs: one vector instead of the feature maps of a convolutional
    network, so no layer stands between two modulations and `x` is normalised only at the end; a learned vector
    is added to the first `x`, and is all of it in rows without `base`; a modality that a row lacks leaves `x`
    as it is.

    Args:
        base: the modality that is modulated; default the first of `order`.
        order: order in which the others modulate it; default as in `modalities`. `base` is skipped.
    """

    family = "sequential"

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        base: str | None = None,
        order: Sequence[str] | None = None,
    ) -> None:
        super().__init__(modalities, dim)
        self.base, self.order = leader_and_others("base", base, order, self.modalities)
        self.start = nn.Parameter(torch.randn(1, dim) / dim**0.5)
        self.affine = Named(
            {name: nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 2 * dim)) for name in self.order}
        )
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row, present in every row."""
        batch = next(iter(tokens.values())).mask.shape[0]
        x = self.start.expand(batch, -1)
        if self.base in tokens:
            x = x + masked_mean(tokens[self.base])
        for name, affine in self.affine.pairs():
            if name not in tokens:
                continue
            gamma, beta = affine(masked_mean(tokens[name])).chunk(2, dim=1)
            x = torch.where(tokens[name].present.unsqueeze(1), (1 + gamma) * x + beta, x)
        return Tokens.vector(self.norm(x))

"""Parallel, multiplicative: every product of components across modalities, by a tensor of low rank (LMF)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.tensors import Named, masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_vectors import rows_present, variance_preserving_linear

__all__ = ["LowRank"]


class LowRank(Fusion, name="low_rank"):
    """Low-rank multimodal fusion: the outer product of all modalities under a tensor of low rank.

    `b + Σ_r Π_m W_m^r [x_m; 1]`, component by component, which is tensor fusion `b + W · ⊗_m [x_m; 1]` for
    `W = Σ_r ⊗_m W_m^r`, without building the `(dim + 1)^M` products. A modality that a row lacks is `[0; 1]`, the
    factor of the constant one, so all products without it remain.

    From Liu et al., ACL 2018 (LMF, https://arxiv.org/abs/1806.00064), section 3.2. Differs: `x_m` is the mean of
    the modality's tokens; factors start around ±1. As in the paper the ranks are summed; its code learns a
    weight per rank, which the factors can absorb.

    Args:
        rank: number of factors per modality.
    """

    order_invariant: ClassVar[bool] = True

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        rank: Annotated[int, Range(1, 16, log=True)] = 4,
    ) -> None:
        super().__init__(modalities, dim)
        if rank < 1:
            raise ValueError(f"Parameter `rank` should be at least 1. Found {rank}.")
        self.rank = rank
        count = len(self.modalities)
        # The size of a factor for which the sum over the ranks has size 1. Factors start around ±size, since
        # a product of `count` small random numbers would vanish.
        size = rank ** (-0.5 / count)
        self.factors: Named[nn.Linear] = Named()
        for name in self.modalities:
            factor = variance_preserving_linear(dim, rank * dim, gain=size / count**0.5)
            nn.init.constant_(factor.bias, size)
            with torch.no_grad():
                factor.bias.mul_(torch.randint(2, factor.bias.shape).mul(2).sub(1))
            self.factors[name] = factor
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row; it is absent where every modality is."""
        factors = [
            factor(masked_mean(tokens[name])) if name in tokens else factor.bias
            for name, factor in self.factors.pairs()
        ]
        product: Tensor = reduce(torch.mul, factors)  # [batch, rank * dim]
        fused = product.view(-1, self.rank, self.dim).sum(dim=1) + self.bias
        return Tokens.vector(fused, rows_present(tokens))

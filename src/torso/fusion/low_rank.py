"""Parallel, multiplicative: every product of components across modalities, by a tensor of low rank (LMF)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import ClassVar

import torch
from torch import Tensor, nn

from torso.core.tensors import Named, masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_vectors import rows_present, variance_preserving_linear

__all__ = ["LowRank"]


class LowRank(Fusion, name="low_rank"):
    """Low-rank multimodal fusion: the outer product of all modalities under a tensor of low rank.

    `b + Σ_r Π_m W_m^r [x_m; 1]`, component by component, which is tensor fusion `b + W · ⊗_m [x_m; 1]` for
    `W = Σ_r ⊗_m W_m^r` without ever building the `(dim + 1)^M` products: Liu et al., ACL 2018, section 3.2,
    https://arxiv.org/abs/1806.00064. A modality that a row lacks is `[0; 1]`, the factor of the constant one,
    so all products without it remain. How we differ: the ranks are summed as in the paper (its code learns a
    weight per rank, which the factors can absorb), `x_m` is the mean of the modality's tokens, and
    factors start around ±1, since a product of M small random numbers would vanish.

    Args:
        modalities: names of the modalities.
        dim: token width, in and out.
        rank: number of factors per modality.
    """

    order_invariant: ClassVar[bool] = True

    def __init__(self, modalities: Sequence[str], dim: int, *, rank: int = 4) -> None:
        super().__init__(modalities, dim)
        if rank < 1:
            raise ValueError(f"Parameter `rank` should be at least 1. Found {rank}.")
        self.rank = rank
        count = len(self.modalities)
        size = rank ** (-0.5 / count)  # of a factor, such that the sum over the ranks is of size 1
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

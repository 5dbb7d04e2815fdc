"""Hierarchical: fuse, show every modality what came out, and fuse again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from torso.core.spec import SpecLike
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion

__all__ = ["Progressive"]


class Progressive(Fusion, name="progressive"):
    """Progressive fusion: `z <- inner({x_m + W_m norm(z)})`, again and again with the same weights.

    The first pass sees the modalities alone; then the fused vector z (the mean of the tokens that came out)
    is fed back to the inputs of all.

    Shankar, Thompson, Fiterau, 2022, https://arxiv.org/abs/2209.00302. Differences: z is fed back to the
    tokens that the encoders return, not into the encoders; it is added to each token, normalised and
    through one linear layer per modality.

    Args:
        modalities: names of the modalities.
        dim: token width, in and out.
        passes: how often the inner fusion is run; 1 is that fusion alone.
        inner: the fusion of every pass.
    """

    def __init__(
        self, modalities: Sequence[str], dim: int, *, passes: int = 2, inner: SpecLike = "concat"
    ) -> None:
        super().__init__(modalities, dim)
        if passes < 1:
            raise ValueError(f"Parameter `passes` should be at least 1. Found {passes}.")
        self.passes = passes
        self.inner = Fusion.registry.build(inner, modalities=self.modalities, dim=dim)
        if passes > 1:
            self.norm = nn.LayerNorm(dim)
            self.feedback = nn.Linear(dim, len(self.modalities) * dim)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return the tokens of the last pass."""
        fused = self.inner(tokens)
        for _ in range(self.passes - 1):
            told = self.feedback(self.norm(masked_mean(fused))).unflatten(1, (-1, 1, self.dim))
            fused = self.inner(
                {
                    name: Tokens(tokens[name].values + told[:, place], tokens[name].mask)
                    for place, name in enumerate(self.modalities)
                    if name in tokens
                }
            )
        return fused

"""Hierarchical: fuse, feed the result back to every modality, and fuse again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from torch import nn

from torso.core.ranges import Range
from torso.core.spec import SpecLike
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion

__all__ = ["Progressive"]


class Progressive(Fusion, name="progressive"):
    """An inner fusion that runs repeatedly; its output is fed back to all modalities.

    Each pass computes `z <- inner({x_m + W_m norm(z)})`, with the same weights.

    The first pass sees the modalities alone. Then the fused vector z, the mean of the tokens that came out, is
    fed back to the inputs of all modalities.

    From Shankar, Thompson, Fiterau, 2022 (https://arxiv.org/abs/2209.00302). Differs: z is fed back to the
    tokens that the encoders return, not into the encoders; it is normalised, goes through one linear layer
    per modality, and is added to each token.

    Args:
        passes: how often the inner fusion runs; 1 is that fusion alone.
        inner: fusion of every pass.
    """

    family = "hierarchical"

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        passes: Annotated[int, Range(1, 4)] = 2,
        inner: SpecLike = "concat",
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
            feedback = self.feedback(self.norm(masked_mean(fused)))
            feedback = feedback.unflatten(1, (-1, 1, self.dim))  # [batch, modalities, 1, dim]
            fused = self.inner(
                {
                    name: Tokens(tokens[name].values + feedback[:, index], tokens[name].mask)
                    for index, name in enumerate(self.modalities)
                    if name in tokens
                }
            )
        return fused

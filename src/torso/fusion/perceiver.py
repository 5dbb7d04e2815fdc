"""Parallel, for many tokens: a few latents read all of them, so the cost is linear in their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import nn

from torso.core.blocks import Block, CrossBlock
from torso.core.ranges import Range
from torso.core.tensors import concat_tokens
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion

__all__ = ["Perceiver"]


class Perceiver(Fusion, name="perceiver"):
    """Latents attend to all tokens of all modalities, then to each other; the latents come out.

    `z ← cross(z, x)`, then `depth` times `z ← self(z)`, all `rounds` times. For `T` tokens this costs
    `latents · T` instead of the `T²` of `transformer`.

    From Jaegle et al., ICML 2021 (Perceiver, https://arxiv.org/abs/2103.03206). Differs: all rounds share their
    weights, the first cross-attention included; a modality's embedding is added to its tokens instead of
    appended; the latents are returned, and the sharing takes their mean as the paper's classifier does; heads
    of about 32 channels.

    Args:
        dim: token width, in and out, and of the latents.
        latents: number of latent tokens, which come out.
        depth: self-attention blocks after each cross-attention.
        rounds: how often the latents read the tokens.
        heads: attention heads; default one per 32 channels.
        dropout: on the residual branches, in training.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        latents: Annotated[int, Range(1, 64, log=True)] = 8,
        depth: Annotated[int, Range(0, 6)] = 2,
        rounds: Annotated[int, Range(1, 4)] = 1,
        heads: int | None = None,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__(modalities, dim)
        if latents < 1 or depth < 0 or rounds < 1:
            raise ValueError(
                "Parameters `latents` and `rounds` should be at least 1, and `depth` at least 0. "
                f"Found latents = {latents}, rounds = {rounds}, depth = {depth}."
            )
        self.rounds = rounds
        self.latents = nn.Parameter(torch.randn(latents, dim) / dim**0.5)
        self.kind = nn.Parameter(torch.randn(len(self.modalities), dim) / dim**0.5)
        self.cross = CrossBlock(dim, heads, dropout=dropout)
        self.blocks = nn.ModuleList(Block(dim, heads, dropout=dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return the latents; they are present in every row."""
        keys = concat_tokens(
            {
                name: Tokens(tokens[name].values + self.kind[index], tokens[name].mask)
                for index, name in enumerate(self.modalities)
                if name in tokens
            }
        )
        start = self.latents.expand(keys.mask.shape[0], -1, -1)
        latents = Tokens(start, start.new_ones(start.shape[:2], dtype=torch.bool))
        for _ in range(self.rounds):
            latents = self.cross(latents, keys)
            for block in self.blocks:
                latents = block(latents)
        return Tokens(self.norm(latents.values), latents.mask)

"""Parallel, for many tokens: a few latents read all of them, so the cost is linear in their number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from torso.core.blocks import Block, CrossBlock
from torso.core.tensors import concat_tokens
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion

__all__ = ["Perceiver"]


class Perceiver(Fusion, name="perceiver"):
    """Latents attend to all tokens of all modalities, then to each other; the latents come out.

    `z ← cross(z, x)`, then `depth` times `z ← self(z)`, `rounds` times over: `latents · T` instead of the
    `T²` of `transformer` for `T` tokens (Jaegle et al., ICML 2021, https://arxiv.org/abs/2103.03206). How we
    differ: all rounds share their weights, the first cross-attention included; a learned embedding is added
    to the tokens of a modality where the paper appends one; the latents are returned, and what reads them
    takes their mean as the paper's classifier does; heads of about 32 channels.

    Args:
        modalities: names of the modalities.
        dim: token width, in and out, and of the latents.
        latents: number of latents, which are what comes out.
        depth: blocks of self-attention after each reading.
        rounds: readings of the tokens.
        heads: attention heads; default one per 32 channels.
        dropout: on the residual branches, in training.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        latents: int = 8,
        depth: int = 2,
        rounds: int = 1,
        heads: int | None = None,
        dropout: float = 0.1,
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
                name: Tokens(tokens[name].values + self.kind[place], tokens[name].mask)
                for place, name in enumerate(self.modalities)
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

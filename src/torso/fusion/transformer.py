"""Parallel: masked self-attention over all tokens of all modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import nn

from torso.core.blocks import Block
from torso.core.ranges import Range
from torso.core.tensors import concat_tokens
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion

__all__ = ["Transformer"]


class Transformer(Fusion, name="transformer"):
    """Summary tokens and all modality tokens attend to each other under the mask.

    From "Fusion or Confusion", 2025 (SimBaMM, https://arxiv.org/abs/2512.22991), which finds that no complex
    fusion reliably beats this plain masked transformer. Differs: pre-norm; one learned embedding per modality is
    added to its tokens; the last block computes only the summary tokens.

    Args:
        depth: transformer blocks.
        heads: attention heads; default one per 32 channels.
        summary: number of summary tokens, which come out.
        dropout: on the residual branches, in training.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        depth: Annotated[int, Range(1, 6)] = 2,
        heads: int | None = None,
        summary: Annotated[int, Range(1, 8)] = 1,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__(modalities, dim)
        if depth < 1 or summary < 1:
            raise ValueError(
                "Parameters `depth` and `summary` should be at least 1, or no modality would be read. "
                f"Found depth = {depth}, summary = {summary}."
            )
        self.summary = nn.Parameter(torch.randn(summary, dim) / dim**0.5)
        self.kind = nn.Parameter(torch.randn(len(self.modalities), dim) / dim**0.5)
        self.blocks = nn.ModuleList(Block(dim, heads, dropout=dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return the summary tokens; they are present in every row."""
        marked = {
            name: Tokens(tokens[name].values + self.kind[index], tokens[name].mask)
            for index, name in enumerate(self.modalities)
            if name in tokens
        }
        batch = next(iter(marked.values())).mask.shape[0]
        start = self.summary.expand(batch, -1, -1)
        summary = Tokens(start, start.new_ones(start.shape[:2], dtype=torch.bool))
        together = concat_tokens({"": summary, **marked})
        count = len(self.summary)
        for index, block in enumerate(self.blocks):
            # The last block computes only the summary tokens, the only ones that are read.
            together = block(together, count if index == len(self.blocks) - 1 else None)
        return Tokens(self.norm(together.values[:, :count]), summary.mask)

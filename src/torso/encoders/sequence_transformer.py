"""Sequences of vectors: features over time, one token per step, then attention."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor, nn

from torso.core.blocks import Block, Pool, positions
from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.encoders._encoder import Encoder

__all__ = ["SequenceTransformer"]


class SequenceTransformer(Encoder, form="sequence", name="transformer"):
    """Transformer over the steps of a sequence of vectors.

    Args:
        dim: token width.
        width: numbers in one step.
        depth: transformer blocks.
        heads: attention heads; default one per 32 channels.
        tokens: tokens kept by attention pooling; 0 keeps one per step.
        dropout: on the steps and the residual branches, in training.
    """

    ragged = True

    def __init__(
        self,
        dim: int,
        width: int,
        *,
        depth: Annotated[int, Range(1, 8)] = 2,
        heads: int | None = None,
        tokens: int = 1,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.project = nn.Linear(width, dim)
        self.blocks = nn.ModuleList(Block(dim, heads, dropout=dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.pool = Pool(dim, tokens)
        self.dropout = nn.Dropout(dropout)

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read standardised steps `[batch, length, width]`."""
        steps = values.to(self.project.weight.dtype).masked_fill(~mask.unsqueeze(-1), 0.0)
        x = self.project(steps)
        tokens = Tokens(self.dropout(x + positions(x.shape[1], self.dim, x)), mask)
        for block in self.blocks:
            tokens = block(tokens)
        encoded: Tokens = self.pool(Tokens(self.norm(tokens.values), tokens.mask))
        return encoded

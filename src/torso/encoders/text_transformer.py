"""Texts: token embeddings, positions, a few transformer blocks."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor, nn

from torso.core.blocks import Block, Pool, positions
from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.encoders._augment import drop_words
from torso.encoders._encoder import Encoder

__all__ = ["TextTransformer"]


class TextTransformer(Encoder, form="text", name="transformer"):
    """Transformer over token ids (Vaswani et al., NeurIPS 2017; pre-norm, sinusoidal positions).

    Args:
        dim: token width.
        vocabulary: number of token ids.
        depth: transformer blocks.
        heads: attention heads; default one per 32 channels.
        tokens: tokens kept by attention pooling; 0 keeps one per text token.
        dropout: on embeddings and residual branches, in training.
        word_dropout: share of text tokens hidden from a row in training; helps on small corpora.
    """

    ragged = True

    def __init__(
        self,
        dim: int,
        vocabulary: int,
        *,
        depth: Annotated[int, Range(1, 8)] = 2,
        heads: int | None = None,
        tokens: int = 1,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
        word_dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.word_dropout = word_dropout
        self.embedding = nn.Embedding(vocabulary, dim)
        nn.init.normal_(self.embedding.weight, std=dim**-0.5)
        self.blocks = nn.ModuleList(Block(dim, heads, dropout=dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.pool = Pool(dim, tokens)
        self.dropout = nn.Dropout(dropout)

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read token ids, int64 `[batch, length]`."""
        ids = values.masked_fill(~mask, 0)
        if self.training:
            mask = drop_words(mask, self.word_dropout)
        x = self.embedding(ids) * self.dim**0.5
        x = x + positions(ids.shape[1], self.dim, x)
        tokens = Tokens(self.dropout(x), mask)
        for block in self.blocks:
            tokens = block(tokens)
        encoded: Tokens = self.pool(Tokens(self.norm(tokens.values), mask))
        return encoded

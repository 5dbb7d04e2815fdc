"""Categories: one embedding per value and column, with a bucket of its own for values never seen."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.encoders._columns import ColumnTokens, Layout
from torso.encoders._encoder import Encoder

__all__ = ["CategoriesEmbedding"]


class CategoriesEmbedding(Encoder, form="categories", name="embedding"):
    """Learned embedding of each column's values; index 0 is the column's bucket for unseen values.

    So that the bucket is trained at all, a small share of cells is shown as unseen during training.

    Args:
        dim: token width.
        cardinalities: number of indices of each column, the unseen bucket included.
        width: width of a column's embedding.
        layout: `joint` (one token per row) or `columns` (one per column).
        unseen: share of cells shown as unseen in training.
        dropout: on the joint hidden layer, in training.
    """

    def __init__(
        self,
        dim: int,
        cardinalities: Sequence[int],
        *,
        width: Annotated[int, Range(2, 64, log=True)] = 16,
        layout: Layout = "joint",
        unseen: Annotated[float, Range(0.0, 0.2)] = 0.02,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.unseen = unseen
        starts = [0, *accumulate(cardinalities)]
        self.register_buffer("starts", torch.tensor(starts[:-1]))
        self.embedding = nn.Embedding(starts[-1], width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.tokens = ColumnTokens(len(cardinalities), width, dim, layout, dropout)

    starts: Tensor

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read indices, int64 `[batch, columns]`; a missing cell may hold anything."""
        ids = values.masked_fill(~mask, 0)
        if self.training and self.unseen:
            shown = torch.rand(ids.shape, device=ids.device) >= self.unseen
            ids = ids * shown
        encoded: Tokens = self.tokens(self.embedding(ids + self.starts), mask)
        return encoded

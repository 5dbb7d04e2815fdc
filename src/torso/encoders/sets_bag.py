"""Sets of labels: the mean of their embeddings, and how many there are."""

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

__all__ = ["SetsBag"]


class SetsBag(Encoder, form="sets", name="bag"):
    """Mean of the learned embeddings of a set's labels, in any order, and a function of their number.

    Args:
        dim: token width.
        cardinalities: number of indices of each column; 0 is no label.
        width: width of a label's embedding.
        layout: `joint` (one token per row) or `columns` (one per column).
        drop: share of the labels hidden in training.
        dropout: on the joint hidden layer, in training.
    """

    def __init__(
        self,
        dim: int,
        cardinalities: Sequence[int],
        *,
        width: Annotated[int, Range(4, 64, log=True)] = 32,
        layout: Layout = "joint",
        drop: Annotated[float, Range(0.0, 0.5)] = 0.1,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.drop = drop
        starts = [0, *accumulate(cardinalities)]
        self.register_buffer("starts", torch.tensor(starts[:-1]))
        self.embedding = nn.Embedding(starts[-1], width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        columns = len(cardinalities)
        self.count = nn.Parameter(torch.randn(columns, width) / width**0.5)
        self.empty = nn.Parameter(torch.zeros(columns, width))
        self.tokens = ColumnTokens(columns, width, dim, layout, dropout)

    starts: Tensor

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read indices, int64 `[batch, columns, labels]`, 0 for none; a missing cell may hold anything."""
        ids = values.masked_fill(~mask.unsqueeze(-1), 0)
        there = ids > 0
        if self.training and self.drop:
            there = there & (torch.rand(ids.shape, device=ids.device) >= self.drop)
        weights = there.to(self.embedding.weight.dtype).unsqueeze(-1)
        summed = (self.embedding(ids + self.starts.unsqueeze(-1)) * weights).sum(dim=2)
        counts = weights.sum(dim=2)  # [batch, columns, 1]
        mean = summed / counts.clamp(min=1)
        encoded: Tokens = self.tokens(mean + self.empty + counts.log1p() * self.count, mask)
        return encoded

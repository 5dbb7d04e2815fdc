"""Names: one embedding for each that repeats, and a bag of hashed parts that all columns share."""

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

__all__ = ["NamesNGrams"]

_SCALE = 8.0  # a part is met in few steps: those few have to count


class NamesNGrams(Encoder, form="names", name="ngrams"):
    """Sum of a name's own embedding and of those of its words and groups of characters.

    Subword vectors are those of fastText (Bojanowski et al., TACL 2017, https://arxiv.org/abs/1607.04606). Differs: a
    name is one word, groups have three or four characters, their sum is divided by the square root of their number, all
    columns share them, and a name's own embedding is hidden now and then in training, so that the parts learn to do
    without it.

    Args:
        dim: token width.
        cardinalities: number of indices of each column; 0 is a rare name.
        buckets: embeddings that the parts are hashed to.
        width: width of an embedding.
        layout: `joint` (one token per row) or `columns` (one per column).
        hide: share of names read by their parts alone in training, and share of the parts hidden there.
    """

    def __init__(
        self,
        dim: int,
        cardinalities: Sequence[int],
        *,
        buckets: Annotated[int, Range(1000, 100_000, log=True)] = 10_000,
        width: Annotated[int, Range(4, 64, log=True)] = 32,
        layout: Layout = "joint",
        hide: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.hide = hide
        starts = [0, *accumulate(cardinalities)]
        self.register_buffer("starts", torch.tensor(starts[:-1]))
        self.embedding = nn.Embedding(starts[-1], width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.parts = nn.Embedding(buckets, width)
        nn.init.normal_(self.parts.weight, std=0.02 / _SCALE)
        self.tokens = ColumnTokens(len(cardinalities), width, dim, layout)

    starts: Tensor

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read int64 `[batch, columns, 1 + parts]`: a name's index, then its parts, 0 for none."""
        values = values.masked_fill(~mask.unsqueeze(-1), 0)
        names, parts = values[..., 0], values[..., 1:]
        there = parts > 0
        if self.training and self.hide:
            names = names * (torch.rand(names.shape, device=names.device) >= self.hide)
            there = there & (torch.rand(there.shape, device=there.device) >= self.hide)
        weights = there.to(self.parts.weight.dtype).unsqueeze(-1)
        summed = (self.parts(parts % self.parts.num_embeddings) * weights).sum(dim=2)
        mean = summed / weights.sum(dim=2).clamp(min=1).sqrt()
        encoded: Tokens = self.tokens(self.embedding(names + self.starts) + _SCALE * mean, mask)
        return encoded

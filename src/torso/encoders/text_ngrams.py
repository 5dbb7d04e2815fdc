"""Texts, cheap: a bag of hashed n-grams of tokens, a tenth of the transformer's computation.

`benchmarks/text_encoders.py` holds it against the transformer on the texts of Talking Stamps.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.encoders._augment import drop_words
from torso.encoders._encoder import Encoder

__all__ = ["TextNGrams"]

_PRIME = 1_000_003
_MODULUS = 2_147_483_647
_SCALE = 8.0  # an n-gram is met in few steps: those few have to count


class TextNGrams(Encoder, form="text", name="ngrams"):
    """Sum of the embeddings of all n-grams of a text, over the square root of their number.

    The family of fastText (Joulin et al., EACL 2017, https://arxiv.org/abs/1607.01759). Differences: n-grams are
    taken over byte-pair tokens instead of words or characters, the sum is divided by the square root of
    the count instead of the count, so that longer texts speak louder, n-grams are dropped in training, and
    embeddings start near zero, so that an n-gram unseen in training says next to nothing.

    Args:
        dim: token width.
        orders: longest n-gram, in tokens.
        buckets: embeddings that the n-grams are hashed to.
        width: width of an embedding.
        drop: share of a text's n-grams hidden in training.
        word_dropout: share of text tokens hidden in training, with all n-grams that hold them.
    """

    quickly_learnt: ClassVar[bool] = True

    def __init__(
        self,
        dim: int,
        *,
        orders: Annotated[int, Range(1, 6)] = 5,
        buckets: Annotated[int, Range(10_000, 1_000_000, log=True)] = 100_000,
        width: Annotated[int, Range(8, 128, log=True)] = 32,
        drop: Annotated[float, Range(0.0, 0.6)] = 0.3,
        word_dropout: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__()
        if orders < 1 or buckets < 1 or width < 1:
            raise ValueError(
                "Parameters `orders`, `buckets` and `width` should be at least 1. "
                f"Found {orders}, {buckets} and {width}."
            )
        self.dim = dim
        self.orders = orders
        self.drop = drop
        self.word_dropout = word_dropout
        self.embedding = nn.Embedding(buckets, width)
        nn.init.normal_(self.embedding.weight, std=0.02 / _SCALE)
        self.project = nn.Linear(width, dim)

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read token ids, int64 `[batch, length]`, whose True cells stand first; one token per row."""
        shown = drop_words(mask, self.word_dropout) if self.training else mask
        ids, exist = self._ngrams(values.masked_fill(~mask, 0), shown)
        if self.training and self.drop:
            exist = exist & (torch.rand(exist.shape, device=exist.device) >= self.drop)
        weights = exist.to(self.embedding.weight.dtype)
        summed = torch.einsum("bn,bnw->bw", weights, self.embedding(ids))
        mean = summed / weights.sum(dim=1, keepdim=True).clamp(min=1).sqrt()
        return Tokens.vector(self.project(_SCALE * mean), mask.any(dim=1))

    def _ngrams(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the buckets of all n-grams, end to end by order, and which of them exist."""
        buckets, exist, whole = [], [], mask
        for order in range(1, min(self.orders, ids.shape[1]) + 1):
            count = ids.shape[1] - order + 1
            hashed = torch.full_like(ids[:, :count], order)
            for offset in range(order):
                hashed = (hashed * _PRIME + ids[:, offset : offset + count]) % _MODULUS
            buckets.append(hashed % self.embedding.num_embeddings)
            whole = whole[:, :count] & mask[:, order - 1 :]
            exist.append(whole)
        return torch.cat(buckets, dim=1), torch.cat(exist, dim=1)

"""The transformer blocks that encoders, fusions and heads share: pre-norm, and exact about masks.

A masked position contributes exactly nothing: its values are zeroed before they are projected, and its attention
weight is 0.0. A row without any token attends to nothing and yields zeros, never NaN.

>>> tokens = Tokens(torch.randn(2, 3, 8), torch.tensor([[True, True, False], [False, False, False]]))
>>> Block(8)(tokens).values.isfinite().all()
tensor(True)
>>> Pool(8, num=1)(tokens).mask  # the second row has no token
tensor([[ True],
        [False]])
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.tensors import zeroed
from torso.core.types import Tokens

__all__ = ["Attention", "Block", "CrossBlock", "Pool", "grid_positions", "positions"]


def num_heads(dim: int) -> int:
    """Return the head count for a width: heads of about 32, at least one, dividing `dim`."""
    return next(heads for heads in range(max(1, dim // 32), 0, -1) if dim % heads == 0)


def positions(length: int, dim: int, like: Tensor) -> Tensor:
    """Return sinusoidal position embeddings `[length, dim]`.

    From Vaswani et al., NeurIPS 2017, "Attention is all you need" (https://arxiv.org/abs/1706.03762), section 3.5.

    Args:
        length: number of positions, which count from 0.
        dim: width of an embedding.
        like: gives device and dtype.
    """
    time = torch.arange(length, device=like.device, dtype=like.dtype).unsqueeze(1)
    pair = torch.arange(0, dim, 2, device=like.device, dtype=like.dtype)
    angle = time * torch.exp(-math.log(10_000.0) / dim * pair)
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1)[:, :dim]


def grid_positions(rows: int, columns: int, dim: int, like: Tensor) -> Tensor:
    """Return position embeddings of a grid, `[rows * columns, dim]`, row by row.

    The first half of an embedding is that of the row, the second that of the column.
    """
    half = dim // 2
    down = positions(rows, half, like).unsqueeze(1).expand(-1, columns, -1)
    across = positions(columns, dim - half, like).expand(rows, -1, -1)
    return torch.cat([down, across], dim=2).flatten(0, 1)


class Attention(nn.Module):
    """Multi-head attention from queries to keys, under a mask of the keys.

    Args:
        dim: width of queries, keys and output.
        heads: number of heads; default: one per 32 channels.

    Raises:
        ValueError: `heads` does not divide `dim`.
    """

    def __init__(self, dim: int, heads: int | None = None) -> None:
        super().__init__()
        self.heads = heads or num_heads(dim)
        if dim % self.heads:
            raise ValueError(f"Parameter `heads` should divide the width {dim}. Found {heads}.")
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, queries: Tensor, keys: Tensor, mask: Tensor) -> Tensor:
        """Return `[batch, queries, dim]`; zeros before the output layer where `mask` is all False.

        Args:
            queries: `[batch, queries, dim]`.
            keys: `[batch, length, dim]`.
            mask: bool `[batch, length]`, False for keys that are not seen.
        """
        some = mask.any(dim=1)
        allowed = (mask | ~some.unsqueeze(1))[:, None, None, :]  # softmax over nothing would be NaN
        mixed = functional.scaled_dot_product_attention(
            self._split(self.query(queries)), *self.keys_values(keys), attn_mask=allowed
        )
        out: Tensor = self.out(_joined(mixed) * some[:, None, None])
        return out

    def keys_values(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Return the projected keys and values, each `[batch, heads, length, width]`."""
        key, value = (self._split(part) for part in self.key_value(keys).chunk(2, dim=-1))
        return key, value

    def attend(
        self,
        queries: Tensor,
        pair: tuple[Tensor, Tensor],
        *,
        causal: bool = False,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return `[batch, queries, dim]` from projected keys and values.

        Args:
            queries: `[batch, queries, dim]`.
            pair: result of `keys_values`.
            causal: query i sees the keys up to i alone.
            mask: bool `[queries, length]`, keys that are seen, some of them by each query; None: all.
        """
        query = self._split(self.query(queries))
        mixed = functional.scaled_dot_product_attention(
            query, *pair, attn_mask=mask, is_causal=causal
        )
        out: Tensor = self.out(_joined(mixed))
        return out

    def _split(self, x: Tensor) -> Tensor:
        split = x.view(*x.shape[:2], self.heads, x.shape[2] // self.heads)
        return split.transpose(1, 2)  # [batch, heads, length, width]


def _joined(heads: Tensor) -> Tensor:
    """Return `[batch, queries, dim]` from `[batch, heads, queries, width]`."""
    return heads.transpose(1, 2).flatten(2)


def feed_forward(dim: int, expansion: float) -> nn.Sequential:
    """Return the feed-forward layer of a block; its hidden width is `dim * expansion`."""
    hidden = max(1, int(dim * expansion))
    return nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))


class Block(nn.Module):
    """One pre-norm transformer block: attention, then a feed-forward layer, both residual.

    Args:
        dim: token width.
        heads: attention heads; default one per 32 channels.
        expansion: hidden width of the feed-forward layer, in multiples of `dim`.
        dropout: on the two residual branches, in training.
    """

    def __init__(
        self, dim: int, heads: int | None = None, expansion: float = 2.0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(dim)
        self.attention = Attention(dim, heads)
        self.norm_feed = nn.LayerNorm(dim)
        self.feed = feed_forward(dim, expansion)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tokens, queries: int | None = None) -> Tokens:
        """Return updated tokens `[batch, length, dim]`.

        Args:
            tokens: any; masked ones stay masked.
            queries: update and return the first so many tokens alone; the others are only attended to.
        """
        x = zeroed(tokens)
        normed = self.norm_attention(x)
        asking, mask = normed, tokens.mask
        if queries is not None:
            x, asking, mask = x[:, :queries], normed[:, :queries], mask[:, :queries]
        x = x + self.dropout(self.attention(asking, normed, tokens.mask))
        return Tokens(x + self.dropout(self.feed(self.norm_feed(x))), mask)


class CrossBlock(nn.Module):
    """A pre-norm block with keys from elsewhere; its cost is linear in their number.

    A row without keys gets only the bias of the attention's output layer.

    Args:
        dim: token width of queries and keys.
        heads: attention heads; default one per 32 channels.
        expansion: hidden width of the feed-forward layer, in multiples of `dim`.
        dropout: on the two residual branches, in training.
    """

    def __init__(
        self, dim: int, heads: int | None = None, expansion: float = 2.0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.norm_queries = nn.LayerNorm(dim)
        self.norm_keys = nn.LayerNorm(dim)
        self.attention = Attention(dim, heads)
        self.norm_feed = nn.LayerNorm(dim)
        self.feed = feed_forward(dim, expansion)
        self.dropout = nn.Dropout(dropout)

    def forward(self, queries: Tokens, keys: Tokens) -> Tokens:
        """Return the updated queries, under their own mask."""
        x = zeroed(queries)
        normed = self.norm_keys(zeroed(keys))
        x = x + self.dropout(self.attention(self.norm_queries(x), normed, keys.mask))
        return Tokens(x + self.dropout(self.feed(self.norm_feed(x))), queries.mask)


class Pool(nn.Module):
    """Attention pooling: turns a row's many tokens into `num` tokens by learned queries.

    Args:
        dim: token width.
        num: tokens to keep; 0 keeps all of them as they are.
    """

    def __init__(self, dim: int, num: int = 1) -> None:
        super().__init__()
        self.num = num
        if num:
            self.queries = nn.Parameter(torch.randn(num, dim) / dim**0.5)
            self.score = nn.Linear(dim, dim, bias=False)  # a bias would cancel in the softmax

    def forward(self, tokens: Tokens) -> Tokens:
        """Return `[batch, num, dim]`; a row without tokens stays without."""
        if not self.num:
            return tokens
        x = zeroed(tokens)
        scores = self.queries @ self.score(x).transpose(1, 2) / tokens.dim**0.5
        # scores: [batch, num, length]
        some = tokens.present
        allowed = (tokens.mask | ~some.unsqueeze(1)).unsqueeze(1)
        weights = scores.masked_fill(~allowed, -torch.inf).softmax(dim=-1)
        return Tokens(weights @ x, some.unsqueeze(1).expand(-1, self.num))

"""Sequential: the tokens of one modality ask each of the others in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from torso.core.blocks import CrossBlock
from torso.core.tensors import Named, masked_mean, zeroed
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._order import led_order
from torso.fusion._streams import led

__all__ = ["CrossAttention"]


class CrossAttention(Fusion, name="cross_attention"):
    """Directed cross-attention: `q <- block_m(q, x_m)`, queries from one modality, keys and values from m.

    The block is a transformer's (Vaswani et al., NeurIPS 2017, https://arxiv.org/abs/1706.03762) with keys
    from elsewhere, pre-norm. Ours: a learned token leads the keys of each modality, so that a query may take
    nothing from it; a learned vector is added to the queries, and asks alone in rows without `query`;
    a modality that a row lacks leaves the queries as they are; their mean comes out.

    Args:
        modalities: names of the modalities.
        dim: token width, in and out.
        query: the modality that asks; default the first of `order`.
        order: the walk; default as in `modalities`. `query` is left out of it.
        heads: attention heads; default one per 32 channels.
        dropout: on the residual branches, in training.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        query: str | None = None,
        order: Sequence[str] | None = None,
        heads: int | None = None,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(modalities, dim)
        self.query, self.order = led_order("query", query, order, self.modalities)
        self.start = nn.Parameter(torch.randn(1, dim) / dim**0.5)
        self.blocks = Named({name: CrossBlock(dim, heads, dropout=dropout) for name in self.order})
        if self.order:
            self.lead = nn.Parameter(torch.randn(len(self.order), dim) / dim**0.5)
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row, present in every row."""
        asking = self._queries(tokens)
        for place, name in enumerate(self.order):
            if name not in tokens:
                continue
            moved = self.blocks[name](asking, led(tokens[name], self.lead[place]))
            present = tokens[name].present[:, None, None]
            asking = Tokens(torch.where(present, moved.values, asking.values), asking.mask)
        return Tokens.vector(self.norm(masked_mean(asking)))

    def _queries(self, tokens: Mapping[str, Tokens]) -> Tokens:
        """Return the tokens that ask: a learned one, only where there are none of `query`, and those."""
        batch = next(iter(tokens.values())).mask.shape[0]
        alone = self.start.expand(batch, 1, -1)
        if self.query not in tokens:
            return Tokens(alone, alone.new_ones(batch, 1, dtype=torch.bool))
        own = tokens[self.query]
        values = torch.cat([alone, zeroed(own) + self.start], dim=1)
        return Tokens(values, torch.cat([~own.present.unsqueeze(1), own.mask], dim=1))

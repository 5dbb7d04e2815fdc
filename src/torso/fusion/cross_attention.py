"""Sequential: the tokens of one modality attend to each of the others in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import nn

from torso.core.blocks import CrossBlock
from torso.core.ranges import Range
from torso.core.tensors import Named, masked_mean, zeroed
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_streams import with_summary
from torso.fusion._walk_order import leader_and_others

__all__ = ["CrossAttention"]


class CrossAttention(Fusion, name="cross_attention"):
    """One modality's tokens attend to each other modality in turn.

    Directed cross-attention: `q <- block_m(q, x_m)`, queries from one modality, keys and values from m.

    From Vaswani et al., NeurIPS 2017 (https://arxiv.org/abs/1706.03762): a transformer block with keys from
    another modality. Differs: pre-norm; a learned token leads the keys of each modality, so that a query may
    take nothing from it; a learned vector is added to the queries, and is the only query in rows without
    `query`; a modality that a row lacks leaves the queries as they are; the mean of the queries comes out.

    Args:
        query: the modality that gives the queries; default the first of `order`.
        order: order in which the queries read the modalities; default as in `modalities`. `query` is skipped.
        heads: attention heads; default one per 32 channels.
        dropout: on the residual branches, in training.
    """

    family = "sequential"

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        query: str | None = None,
        order: Sequence[str] | None = None,
        heads: int | None = None,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__(modalities, dim)
        self.query, self.order = leader_and_others("query", query, order, self.modalities)
        self.start = nn.Parameter(torch.randn(1, dim) / dim**0.5)
        self.blocks = Named({name: CrossBlock(dim, heads, dropout=dropout) for name in self.order})
        if self.order:
            self.lead = nn.Parameter(torch.randn(len(self.order), dim) / dim**0.5)
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row, present in every row."""
        queries = self._queries(tokens)
        for index, name in enumerate(self.order):
            if name not in tokens:
                continue
            updated = self.blocks[name](queries, with_summary(tokens[name], self.lead[index]))
            present = tokens[name].present[:, None, None]
            queries = Tokens(torch.where(present, updated.values, queries.values), queries.mask)
        return Tokens.vector(self.norm(masked_mean(queries)))

    def _queries(self, tokens: Mapping[str, Tokens]) -> Tokens:
        """Return the query tokens. A learned one stands in for them in rows without `query`."""
        batch = next(iter(tokens.values())).mask.shape[0]
        learned = self.start.expand(batch, 1, -1)
        if self.query not in tokens:
            return Tokens(learned, learned.new_ones(batch, 1, dtype=torch.bool))
        given = tokens[self.query]
        values = torch.cat([learned, zeroed(given) + self.start], dim=1)
        return Tokens(values, torch.cat([~given.present.unsqueeze(1), given.mask], dim=1))

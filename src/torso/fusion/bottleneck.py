"""Hierarchical: the modalities' streams exchange only through a few shared tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._streams import Streams

__all__ = ["Bottleneck"]


class Bottleneck(Fusion, name="bottleneck"):
    """Attention bottlenecks: `[x_m, b_m] <- block_m([x_m, b])` for each modality m, `b <- mean_m b_m`.

    Each modality has a stream of self-attention blocks; from layer `start` on the streams share `num` tokens
    b, all they see of each other. The mean of the streams' summary tokens comes out.

    Nagrani et al., MBT, NeurIPS 2021, https://arxiv.org/abs/2107.00135. Differences: means are over the
    modalities that a row has; the streams' summaries are averaged instead of their logits, and normalised
    after that instead of before; no stream shares its blocks with another.

    Args:
        modalities: names of the modalities.
        dim: token width, in and out.
        depth: layers, one block per modality each.
        start: the first layer that sees the shared tokens; what one modality writes there, another one
            reads in the next layer.
        num: how many tokens are shared.
        heads: attention heads; default one per 32 channels.
        dropout: on the residual branches, in training.
    """

    order_invariant = True

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        depth: int = 2,
        start: int = 0,
        num: int = 4,
        heads: int | None = None,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(modalities, dim)
        if not 0 <= start <= depth - 2:
            raise ValueError(
                "Parameter `start` should be from 0 to `depth` - 2: what is written into the shared tokens in "
                f"one layer is read in the next. Found start = {start}, depth = {depth}."
            )
        if num < 1:
            raise ValueError(f"Parameter `num` should be at least 1. Found {num}.")
        self.start = start
        self.streams = Streams(self.modalities, dim, depth=depth, heads=heads, dropout=dropout)
        self.shared = nn.Parameter(torch.randn(num, dim) / dim**0.5)
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row; it is absent where every modality is."""
        streams = self.streams.start(tokens)
        batch = next(iter(streams.values())).mask.shape[0]
        shared = self.shared.expand(batch, -1, -1)
        for layer in range(self.streams.depth):
            if layer >= self.start:
                streams = {name: _behind(stream, shared) for name, stream in streams.items()}
            streams = self.streams.step(layer, streams)
            if self.start <= layer < self.streams.depth - 1:
                streams, shared = self._exchange(streams)
        summaries = self.streams.summaries(streams)
        return Tokens.vector(self.norm(masked_mean(summaries)), summaries.present)

    def _exchange(self, streams: Mapping[str, Tokens]) -> tuple[dict[str, Tokens], Tensor]:
        """Return the streams without their copies of the shared tokens, and the mean of those copies."""
        num = len(self.shared)
        copies = torch.stack([one.values[:, -num:].flatten(1) for one in streams.values()], dim=1)
        present = torch.stack([one.present for one in streams.values()], dim=1)
        mean = masked_mean(Tokens(copies, present))  # [batch, num * dim]
        own = {n: Tokens(one.values[:, :-num], one.mask[:, :-num]) for n, one in streams.items()}
        return own, mean.view(-1, num, self.dim)


def _behind(stream: Tokens, shared: Tensor) -> Tokens:
    mask = stream.present.unsqueeze(1).expand(-1, shared.shape[1])
    return Tokens(torch.cat([stream.values, shared], dim=1), torch.cat([stream.mask, mask], dim=1))

"""Hierarchical: the modalities' streams exchange only through a few shared tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_streams import ModalityStreams

__all__ = ["Bottleneck"]


class Bottleneck(Fusion, name="bottleneck"):
    """A stream per modality; the streams exchange through a few shared tokens (MBT).

    Attention bottlenecks: `[x_m, b_m] <- block_m([x_m, b])` for each modality m, `b <- mean_m b_m`.

    Each modality has a stream of self-attention blocks. From layer `start` on, all streams also read and write
    `num` shared tokens b, and see nothing else of each other. The mean of the summary tokens comes out.

    From Nagrani et al., NeurIPS 2021 (MBT, https://arxiv.org/abs/2107.00135). Differs: means are over the
    modalities that a row has; the summaries are averaged instead of the logits, and normalised after that
    instead of before; no stream shares its blocks with another.

    Args:
        depth: number of layers, each with one block per modality.
        start: first layer that sees the shared tokens; other modalities read them one layer later.
        num: number of shared tokens.
        heads: attention heads; default one per 32 channels.
        dropout: on the residual branches, in training.
    """

    family = "hierarchical"
    order_invariant = True

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        depth: Annotated[int, Range(2, 6)] = 2,
        start: int = 0,
        num: Annotated[int, Range(1, 16, log=True)] = 4,
        heads: int | None = None,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
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
        self.streams = ModalityStreams(
            self.modalities, dim, depth=depth, heads=heads, dropout=dropout
        )
        self.shared = nn.Parameter(torch.randn(num, dim) / dim**0.5)
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row; it is absent where every modality is."""
        streams = self.streams.start(tokens)
        batch = next(iter(streams.values())).mask.shape[0]
        shared = self.shared.expand(batch, -1, -1)
        for layer in range(self.streams.depth):
            if layer >= self.start:
                streams = {name: _with_shared(stream, shared) for name, stream in streams.items()}
            streams = self.streams.step(layer, streams)
            if self.start <= layer < self.streams.depth - 1:
                streams, shared = self._exchange(streams)
        summaries = self.streams.summaries(streams)
        return Tokens.vector(self.norm(masked_mean(summaries)), summaries.present)

    def _exchange(self, streams: Mapping[str, Tokens]) -> tuple[dict[str, Tokens], Tensor]:
        """Return the streams without their copies of the shared tokens, and the mean of the copies."""
        num = len(self.shared)
        copies = [stream.values[:, -num:].flatten(1) for stream in streams.values()]
        present = torch.stack([stream.present for stream in streams.values()], dim=1)
        mean = masked_mean(Tokens(torch.stack(copies, dim=1), present))  # [batch, num * dim]
        without = {
            name: Tokens(stream.values[:, :-num], stream.mask[:, :-num])
            for name, stream in streams.items()
        }
        return without, mean.view(-1, num, self.dim)


def _with_shared(stream: Tokens, shared: Tensor) -> Tokens:
    """Return the stream with the shared tokens at its end."""
    mask = stream.present.unsqueeze(1).expand(-1, shared.shape[1])
    return Tokens(torch.cat([stream.values, shared], dim=1), torch.cat([stream.mask, mask], dim=1))

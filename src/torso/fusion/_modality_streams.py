"""One stream of transformer blocks per modality, for the fusions that exchange at every layer.

A learned summary token leads each stream. It collects its modality, and it gives attention a second token to
weigh where the modality is a single vector. In rows that lack the modality the whole stream is masked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from torso.core.blocks import Block
from torso.core.tensors import Named, zeroed
from torso.core.types import Tokens

__all__ = ["ModalityStream", "ModalityStreams", "with_summary"]


def with_summary(tokens: Tokens, summary: Tensor) -> Tokens:
    """Return the tokens with one more in front, present in the rows that have any.

    Args:
        tokens: `[batch, length, dim]`; values under the mask become zeros.
        summary: `[dim]`, the token to put in front.
    """
    front = summary.expand(tokens.mask.shape[0], 1, -1)
    mask = torch.cat([tokens.present.unsqueeze(1), tokens.mask], dim=1)
    return Tokens(torch.cat([front, zeroed(tokens)], dim=1), mask)


class ModalityStream(nn.Module):
    """The summary token and the blocks of one modality."""

    def __init__(self, dim: int, depth: int, heads: int | None, dropout: float) -> None:
        super().__init__()
        self.summary = nn.Parameter(torch.randn(dim) / dim**0.5)
        self.blocks = nn.ModuleList(Block(dim, heads, dropout=dropout) for _ in range(depth))


class ModalityStreams(nn.Module):
    """Separate transformer blocks for each modality. The fusion calls `step` layer by layer.

    Args:
        modalities: names of the modalities.
        dim: token width.
        depth: number of layers, each with one block per modality.
        heads: attention heads; default one per 32 channels.
        dropout: on the residual branches, in training.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        depth: int,
        heads: int | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if depth < 1:
            raise ValueError(f"Parameter `depth` should be at least 1. Found {depth}.")
        self.depth = depth
        self.each = Named({name: ModalityStream(dim, depth, heads, dropout) for name in modalities})

    def start(self, tokens: Mapping[str, Tokens]) -> dict[str, Tokens]:
        """Return the streams before the first layer, for the modalities in `tokens`."""
        return {
            name: with_summary(tokens[name], stream.summary)
            for name, stream in self.each.pairs()
            if name in tokens
        }

    def step(
        self, layer: int, streams: Mapping[str, Tokens], *, whole: bool = False
    ) -> dict[str, Tokens]:
        """Return the streams after one more layer.

        Args:
            layer: index, from 0.
            streams: modality -> its stream.
            whole: return every token after the last layer too; False: only the summaries.
        """
        # The last block computes only the tokens that are read.
        queries = 1 if layer == self.depth - 1 and not whole else None
        return {
            name: self.each[name].blocks[layer](stream, queries) for name, stream in streams.items()
        }

    def summaries(self, streams: Mapping[str, Tokens]) -> Tokens:
        """Return each modality's summary, `[batch, modalities, dim]`; masked and zero where absent."""
        like = next(iter(streams.values()))
        absent = Tokens(torch.zeros_like(like.values[:, :1]), torch.zeros_like(like.mask[:, :1]))
        every = [streams.get(name, absent) for name in self.each.names()]
        mask = torch.cat([stream.mask[:, :1] for stream in every], dim=1)
        summaries = Tokens(torch.cat([stream.values[:, :1] for stream in every], dim=1), mask)
        return Tokens(zeroed(summaries), mask)

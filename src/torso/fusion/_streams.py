"""What the layer-wise fusions share: one stream of blocks per modality, led by a learned summary token.

The summary token gathers its modality, and gives every attention a second token to weigh where a modality
is but one vector. It is masked in the rows that lack the modality, and so is the whole stream.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from torso.core.blocks import Block
from torso.core.tensors import Named, zeroed
from torso.core.types import Tokens

__all__ = ["Stream", "Streams", "led"]


def led(tokens: Tokens, first: Tensor) -> Tokens:
    """Return the tokens behind one more, `first` `[dim]`, in the rows that have any; zeros under the mask."""
    lead = first.expand(tokens.mask.shape[0], 1, -1)
    mask = torch.cat([tokens.present.unsqueeze(1), tokens.mask], dim=1)
    return Tokens(torch.cat([lead, zeroed(tokens)], dim=1), mask)


class Stream(nn.Module):
    """One modality's summary token and its blocks."""

    def __init__(self, dim: int, depth: int, heads: int | None, dropout: float) -> None:
        super().__init__()
        self.summary = nn.Parameter(torch.randn(dim) / dim**0.5)
        self.blocks = nn.ModuleList(Block(dim, heads, dropout=dropout) for _ in range(depth))


class Streams(nn.Module):
    """Transformer blocks of their own for each modality, layer by layer; the fusion walks the layers.

    Args:
        modalities: names of the modalities.
        dim: token width.
        depth: layers, one block per modality each.
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
        self.each = Named({name: Stream(dim, depth, heads, dropout) for name in modalities})

    def start(self, tokens: Mapping[str, Tokens]) -> dict[str, Tokens]:
        """Return the streams before the first layer, of the modalities that have a key."""
        return {
            name: led(tokens[name], one.summary)
            for name, one in self.each.pairs()
            if name in tokens
        }

    def step(
        self, layer: int, streams: Mapping[str, Tokens], *, whole: bool = False
    ) -> dict[str, Tokens]:
        """Return the streams after `layer`; after the last only the summaries, unless the `whole` is wanted."""
        queries = 1 if layer == self.depth - 1 and not whole else None
        return {
            name: self.each[name].blocks[layer](stream, queries) for name, stream in streams.items()
        }

    def summaries(self, streams: Mapping[str, Tokens]) -> Tokens:
        """Return the summary of every modality, `[batch, modalities, dim]`; masked and zero where absent."""
        some = next(iter(streams.values()))
        absent = Tokens(torch.zeros_like(some.values[:, :1]), torch.zeros_like(some.mask[:, :1]))
        every = [streams.get(name, absent) for name in self.each.names()]
        mask = torch.cat([one.mask[:, :1] for one in every], dim=1)
        firsts = Tokens(torch.cat([one.values[:, :1] for one in every], dim=1), mask)
        return Tokens(zeroed(firsts), mask)

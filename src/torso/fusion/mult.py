"""Hierarchical: every modality is read through the eyes of every other, then on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from torso.core.blocks import CrossBlock
from torso.core.tensors import Named
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_streams import ModalityStreams

__all__ = ["MulT"]


class MulT(Fusion, name="mult"):
    """Crossmodal transformers for all directed pairs, self-attention per target, concatenation.

    For each target a and each source b: `z <- block_ba(z, x_b)`, `depth` times from `z = x_a`. A target's
    results are joined along the channels, go through self-attention blocks, and its summary token is
    concatenated with those of the other targets. The cost grows with the square of the number of modalities.

    Tsai et al., ACL 2019, https://arxiv.org/abs/1906.00295. Differences: the summary token is a learned one
    instead of the last step; the joined channels are projected to `dim` before self-attention, not after;
    positions and convolutions are the encoders' business, and the last residual layers the heads'; queries
    and keys have normalisations of their own, and a pair's result has none; `z` stays what it was where a
    row lacks the source, and a target that it lacks adds zeros.

    Args:
        modalities: names of the modalities.
        dim: token width, in and out.
        depth: crossmodal blocks per directed pair.
        self_depth: self-attention blocks per target.
        heads: attention heads; default one per 32 channels.
        dropout: on the residual branches, in training.
    """

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        depth: int = 1,
        self_depth: int = 1,
        heads: int | None = None,
        dropout: float = 0.1,
    ) -> None:
        super().__init__(modalities, dim)
        if depth < 1 or self_depth < 1:
            raise ValueError(
                "Parameters `depth` and `self_depth` should be at least 1. "
                f"Found depth = {depth}, self_depth = {self_depth}."
            )

        def blocks() -> nn.ModuleList:
            return nn.ModuleList(CrossBlock(dim, heads, dropout=dropout) for _ in range(depth))

        self.streams = ModalityStreams(
            self.modalities, dim, depth=self_depth, heads=heads, dropout=dropout
        )
        self.cross = Named(
            {
                target: Named({s: blocks() for s in self._sources(target)})
                for target in self.modalities
            }
        )
        sources = len(self.modalities) - 1
        self.join = Named(
            {target: nn.Linear(sources * dim, dim) for target in self.modalities if sources}
        )
        self.mix = nn.Linear(len(self.modalities) * dim, dim)
        self.norm = nn.LayerNorm(dim)

    def _sources(self, target: str) -> list[str]:
        return [name for name in self.modalities if name != target]

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row; it is absent where every modality is."""
        streams = self.streams.start(tokens)
        if len(self.modalities) > 1:
            streams = {name: self._joined(name, streams) for name in streams}
        for layer in range(self.streams.depth):
            streams = self.streams.step(layer, streams)
        summaries = self.streams.summaries(streams)
        return Tokens.vector(self.norm(self.mix(summaries.values.flatten(1))), summaries.present)

    def _joined(self, target: str, streams: Mapping[str, Tokens]) -> Tokens:
        """Return the target's tokens as each of the others sees them, joined along the channels."""
        own = streams[target]
        seen = [self._crossed(target, source, streams) for source in self._sources(target)]
        return Tokens(self.join[target](torch.cat(seen, dim=2)), own.mask)

    def _crossed(self, target: str, source: str, streams: Mapping[str, Tokens]) -> Tensor:
        own, other = streams[target], streams.get(source)
        if other is None:
            return own.values
        crossed = own
        for block in self.cross[target][source]:
            crossed = block(crossed, other)
        return torch.where(other.present[:, None, None], crossed.values, own.values)

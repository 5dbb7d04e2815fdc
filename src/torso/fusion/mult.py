"""Hierarchical: every modality attends to every other, then to itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.core.blocks import CrossBlock
from torso.core.ranges import Range
from torso.core.tensors import Named
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_streams import ModalityStreams

__all__ = ["MulT"]


class MulT(Fusion, name="mult"):
    """Crossmodal transformers for all directed pairs, self-attention per target, concatenation.

    For each target a and each source b: `z <- block_ba(z, x_b)`, `depth` times from `z = x_a`. A target's
    results are joined along the channels and go through self-attention blocks. Its summary token is
    concatenated with those of the other targets. The cost grows with the square of the number of modalities.

    From Tsai et al., ACL 2019 (MulT, https://arxiv.org/abs/1906.00295). Differs: the summary token is a learned
    one instead of the last step; the joined channels are projected to `dim` before self-attention, not after;
    positions and convolutions are left to the encoders, and the last residual layers to the heads; queries and
    keys have normalisations of their own, and a pair's result has none; a row that lacks the source leaves `z`
    as it is, and a target that it lacks adds zeros.

    Args:
        depth: crossmodal blocks per directed pair.
        self_depth: self-attention blocks per target.
        heads: attention heads; default one per 32 channels.
        dropout: on the residual branches, in training.
    """

    family = "hierarchical"

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        depth: Annotated[int, Range(1, 4)] = 1,
        self_depth: Annotated[int, Range(1, 4)] = 1,
        heads: int | None = None,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
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
                target: Named({source: blocks() for source in self._sources(target)})
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
        """Return the target's tokens after reading each source, joined along the channels."""
        read = [self._crossed(target, source, streams) for source in self._sources(target)]
        return Tokens(self.join[target](torch.cat(read, dim=2)), streams[target].mask)

    def _crossed(self, target: str, source: str, streams: Mapping[str, Tokens]) -> Tensor:
        """Return the target's tokens after reading one source; unchanged in rows that lack it."""
        queries, keys = streams[target], streams.get(source)
        if keys is None:
            return queries.values
        crossed = queries
        for block in self.cross[target][source]:
            crossed = block(crossed, keys)
        return torch.where(keys.present[:, None, None], crossed.values, queries.values)

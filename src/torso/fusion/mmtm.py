"""Hierarchical: at every layer all modalities together gate the channels of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import nn
from torch.nn import functional

from torso.core.ranges import Range
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_streams import ModalityStreams

__all__ = ["MMTM"]


class MMTM(Fusion, name="mmtm"):
    """Gates on each modality's channels, computed from all modalities at every layer (MMTM).

    Squeeze and excitation across modalities: `x_m <- 2 sigmoid(E_m z) * x_m`, `z = relu(W [s_1 ... s_M])`.

    `s_m` is the mean of the tokens of m and the gate `2 sigmoid(...)` holds for all its tokens; in each
    layer a self-attention block per modality comes first. The mean of the streams' summary tokens comes out.

    From Joze et al., CVPR 2020 (MMTM, https://arxiv.org/abs/1911.08670). Differs: streams of transformer blocks
    instead of convolutions; the ReLU and `reduction` are those of the code in circulation, which lacks the
    factor 2 with which a gate begins near one; a modality that a row lacks squeezes to zeros; the summaries of
    the modalities that a row has are averaged, instead of the logits.

    Args:
        depth: number of layers, each with one block per modality and one exchange.
        reduction: `z` has `modalities * dim / reduction` channels.
        heads: attention heads; default one per 32 channels.
        dropout: on the residual branches, in training.
    """

    family = "hierarchical"

    def __init__(
        self,
        modalities: Sequence[str],
        dim: int,
        *,
        depth: Annotated[int, Range(1, 6)] = 2,
        reduction: Annotated[int, Range(1, 16, log=True)] = 4,
        heads: int | None = None,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__(modalities, dim)
        if reduction < 1:
            raise ValueError(f"Parameter `reduction` should be at least 1. Found {reduction}.")
        self.streams = ModalityStreams(
            self.modalities, dim, depth=depth, heads=heads, dropout=dropout
        )
        width = len(self.modalities) * dim
        hidden = max(1, width // reduction)
        self.squeeze = nn.ModuleList(nn.Linear(width, hidden) for _ in range(depth))
        self.excite = nn.ModuleList(nn.Linear(hidden, width) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row; it is absent where every modality is."""
        streams = self.streams.start(tokens)
        for layer in range(self.streams.depth):
            streams = self._exchange(layer, self.streams.step(layer, streams, whole=True))
        summaries = self.streams.summaries(streams)
        return Tokens.vector(self.norm(masked_mean(summaries)), summaries.present)

    def _exchange(self, layer: int, streams: Mapping[str, Tokens]) -> dict[str, Tokens]:
        means = {name: masked_mean(stream) for name, stream in streams.items()}
        absent = torch.zeros_like(next(iter(means.values())))
        squeezed = torch.cat([means.get(name, absent) for name in self.modalities], dim=1)
        joint = functional.relu(self.squeeze[layer](squeezed))
        gates = 2 * self.excite[layer](joint).sigmoid().unflatten(1, (-1, 1, self.dim))
        return {
            name: Tokens(streams[name].values * gates[:, index], streams[name].mask)
            for index, name in enumerate(self.modalities)
            if name in streams
        }

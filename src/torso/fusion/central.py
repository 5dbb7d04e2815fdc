"""Hierarchical: a central stream reads the modalities' streams at every layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import torch
from torch import nn

from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion
from torso.fusion._modality_streams import ModalityStreams

__all__ = ["Central"]


class Central(Fusion, name="central"):
    """A central stream that reads the modalities' streams at every layer (CentralNet).

    CentralNet: `c <- f(alpha_c c + sum_m alpha_m h_m)` at every layer, with learned scalars alpha.

    `h_m` is the summary token of modality m after its self-attention block of that layer, and `f` a residual
    feed-forward layer of the central stream, `f(x) = x + feed(norm(x))`. The central stream comes out.

    From Vielzeuf et al., ECCV Workshops 2018 (CentralNet, https://arxiv.org/abs/1808.07275). Differs:
    transformer blocks instead of convolutions, and one vector per modality and layer; the central stream begins
    as a learned vector; a modality that a row lacks adds nothing; every alpha begins at one; the losses on the
    modalities' own outputs are left to heads per modality (`modality_heads`).

    Args:
        depth: number of layers, each with one block per modality and one central layer.
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
        heads: int | None = None,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__(modalities, dim)
        self.streams = ModalityStreams(
            self.modalities, dim, depth=depth, heads=heads, dropout=dropout
        )
        self.start = nn.Parameter(torch.randn(1, dim) / dim**0.5)
        self.alpha = nn.Parameter(torch.ones(depth, 1 + len(self.modalities)))
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(dim),
                nn.Linear(dim, 2 * dim),
                nn.GELU(),
                nn.Linear(2 * dim, dim),
                nn.Dropout(dropout),
            )
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(dim)

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return the central stream's last state, one token per row, present in every row."""
        streams = self.streams.start(tokens)
        batch = next(iter(streams.values())).mask.shape[0]
        central = self.start.expand(batch, -1)
        for layer, feed in enumerate(self.layers):
            streams = self.streams.step(layer, streams)
            summaries = self.streams.summaries(streams).values  # [batch, modalities, dim]
            alpha_central, alpha_modalities = self.alpha[layer, 0], self.alpha[layer, 1:]
            inflow = (alpha_modalities.unsqueeze(1) * summaries).sum(dim=1)
            central = alpha_central * central + inflow
            central = central + feed(central)
        return Tokens.vector(self.norm(central))

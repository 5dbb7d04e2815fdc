"""Parallel, the plain baseline: pool each modality, concatenate, one hidden layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.fusion._fusion import Fusion

__all__ = ["Concat"]


class Concat(Fusion, name="concat"):
    """Concatenate one vector per modality (the mean of its tokens) and mix with a perceptron.

    Intermediate fusion's standard baseline, "concat-MLP" or late-fusion DNN. A modality that a row lacks
    adds zeros.

    Args:
        modalities: names of the modalities, in the order of the concatenation.
        dim: token width, in and out.
        hidden: width of the hidden layer; default `2 * dim`.
        dropout: on the hidden layer, in training.
    """

    def __init__(
        self, modalities: Sequence[str], dim: int, *, hidden: int = 0, dropout: float = 0.1
    ) -> None:
        super().__init__(modalities, dim)
        hidden = hidden or 2 * dim
        self.mix = nn.Sequential(
            nn.Linear(len(self.modalities) * dim, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, dim),
        )

    def forward(self, tokens: Mapping[str, Tokens], /) -> Tokens:
        """Return one token per row; it is absent where every modality is."""
        pooled = {name: masked_mean(one) for name, one in tokens.items()}
        absent = torch.zeros_like(next(iter(pooled.values())))
        joined = torch.cat([pooled.get(name, absent) for name in self.modalities], dim=1)
        present = torch.stack([one.present for one in tokens.values()]).any(dim=0)
        return Tokens.vector(self.mix(joined), present)

"""What fusions of one vector per modality share: the vectors of a batch, and layers that keep their scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from torso.core.tensors import masked_mean
from torso.core.types import Tokens

__all__ = ["modality_vectors", "rows_present", "variance_preserving_linear"]


def rows_present(tokens: Mapping[str, Tokens]) -> Tensor:
    """Return bool `[batch]`: the rows that have at least one token of any modality."""
    return torch.stack([one.present for one in tokens.values()]).any(dim=0)


def modality_vectors(
    tokens: Mapping[str, Tokens], modalities: Sequence[str]
) -> tuple[Tensor, Tensor]:
    """Return the mean token `[batch, modalities, dim]`, zeros where absent, and bool `[batch, modalities]`."""
    means = {name: masked_mean(one) for name, one in tokens.items()}
    there = {name: one.present for name, one in tokens.items()}
    zeros = torch.zeros_like(next(iter(means.values())))
    nowhere = torch.zeros_like(next(iter(there.values())))
    vectors = torch.stack([means.get(name, zeros) for name in modalities], dim=1)
    return vectors, torch.stack([there.get(name, nowhere) for name in modalities], dim=1)


def variance_preserving_linear(
    inputs: int, outputs: int, *, gain: float = 1.0, bias: bool = True
) -> nn.Linear:
    """Return a linear layer that makes unit variance into `gain²`, where PyTorch's default makes a third."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.normal_(layer.weight, std=gain / inputs**0.5)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer

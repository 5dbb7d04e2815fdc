"""Helpers of the fusions that read one vector per modality, the mean of its tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from torso.core.tensors import masked_mean
from torso.core.types import Tokens

__all__ = ["modality_vectors", "rows_present", "variance_preserving_linear"]


def rows_present(tokens: Mapping[str, Tokens]) -> Tensor:
    """Return bool `[batch]`, True for a row with at least one token of any modality."""
    return torch.stack([modality.present for modality in tokens.values()]).any(dim=0)


def modality_vectors(
    tokens: Mapping[str, Tokens], modalities: Sequence[str]
) -> tuple[Tensor, Tensor]:
    """Return the mean tokens `[batch, modalities, dim]` and bool `[batch, modalities]`.

    A modality that a row lacks, or that has no key, gives zeros and False.
    """
    means = {name: masked_mean(modality) for name, modality in tokens.items()}
    present = {name: modality.present for name, modality in tokens.items()}
    zeros = torch.zeros_like(next(iter(means.values())))
    absent = torch.zeros_like(next(iter(present.values())))
    vectors = torch.stack([means.get(name, zeros) for name in modalities], dim=1)
    return vectors, torch.stack([present.get(name, absent) for name in modalities], dim=1)


def variance_preserving_linear(
    inputs: int, outputs: int, *, gain: float = 1.0, bias: bool = True
) -> nn.Linear:
    """Return a linear layer that turns unit variance into `gain²`.

    PyTorch's default initialisation turns it into a third.
    """
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.normal_(layer.weight, std=gain / inputs**0.5)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer

"""A learned token for a modality that a row lacks, in training and in prediction.

`ModalityDropout` hides modalities of training rows now and then. So the token is learned, and the rest of the model
learns to do without a modality, even if the training rows have no gaps.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from torso.core.types import Features, Tokens

__all__ = ["MissingToken", "ModalityDropout"]


class MissingToken(nn.Module):
    """Put one learned token at the first position of every row that has none.

    Args:
        dim: token width.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.randn(dim) / dim**0.5)

    def forward(self, tokens: Tokens) -> Tokens:
        """Return tokens in which every row has at least one."""
        absent = ~tokens.present.unsqueeze(1)
        first = functional.pad(absent, (0, tokens.mask.shape[1] - 1))
        values = torch.where(first.unsqueeze(-1), self.token.to(tokens.values.dtype), tokens.values)
        return Tokens(values, tokens.mask | first)


class ModalityDropout(nn.Module):
    """Hide each modality of each row with some probability, in training only.

    A row that would lose all its modalities keeps them all. So each of the M modalities of a row is hidden with
    probability `share - share^M`.

    Args:
        share: probability from 0 to 1, drawn per row and modality from torch's global CPU generator.
    """

    def __init__(self, share: float = 0.0) -> None:
        super().__init__()
        if not 0.0 <= share < 1.0:
            raise ValueError(f"Parameter `share` should be in [0, 1). Found {share}.")
        self.share = share

    def forward(self, inputs: Mapping[str, Features]) -> Mapping[str, Features]:
        """Return the same features with smaller masks."""
        if not self.training or not self.share or not inputs:
            return inputs
        present = torch.stack([features.present for features in inputs.values()])
        kept = (torch.rand(present.shape) >= self.share).to(present.device)  # [modalities, batch]
        kept |= ~(kept & present).any(dim=0)
        return {
            name: features.only(keep)
            for (name, features), keep in zip(inputs.items(), kept, strict=True)
        }

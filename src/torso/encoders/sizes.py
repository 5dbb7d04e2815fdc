"""Sizes of whole files in the tokens of their modality: features are cut or resized, and lose them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from torso.core.types import Tokens

__all__ = ["SizesEmbedding"]

_FARTHEST = 8.0  # standard deviations from the mean that a size is brought to at most


class SizesEmbedding(nn.Module):
    """Add a vector of a file's sizes, such as a recording's seconds, to each of its tokens.

    A size enters twice, as it is and as `log(1 + size)`, both standardised by `learn`. One that is the same in all
    training rows, or is unknown (NaN), adds nothing.

    Args:
        sizes: how many a file has.
        dim: token width.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, sizes: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(2 * sizes))
        self.register_buffer("scale", torch.zeros(2 * sizes))
        self.line = nn.Linear(2 * sizes, dim, bias=False)
        self.bend = nn.Sequential(
            nn.Linear(2 * sizes, dim), nn.SiLU(), nn.Linear(dim, dim, bias=False)
        )

    def learn(self, sizes: Tensor) -> None:
        """Learn mean and standard deviation of the sizes of training rows, `[rows, sizes]`, NaN where unknown."""
        both = _with_logs(sizes.double())
        known = both.isfinite()
        count = known.sum(dim=0).clamp(min=1)
        mean = both.nan_to_num().sum(dim=0) / count
        spread = ((both - mean).nan_to_num().square().sum(dim=0) / count).sqrt()
        varies = spread > 1e-6 * (1 + mean.abs())
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(varies, 1 / spread.clamp(min=1e-12), 0.0))

    def forward(self, tokens: Tokens, sizes: Tensor) -> Tokens:
        """Return the tokens with the sizes of their rows, `[batch, sizes]`, added."""
        places = (_with_logs(sizes.to(self.mean.dtype)) - self.mean) * self.scale
        places = places.nan_to_num(0.0).clamp(-_FARTHEST, _FARTHEST)
        added = self.line(places) + self.bend(places) - self.bend(torch.zeros_like(places[:1]))
        return Tokens(tokens.values + added.unsqueeze(1).to(tokens.values.dtype), tokens.mask)


def _with_logs(sizes: Tensor) -> Tensor:
    return torch.cat([sizes, sizes.clamp(min=0).log1p()], dim=1)

"""What training shows an encoder besides the row itself: a moved picture, a masked spectrogram.

Batched, on the device of the features, drawn from torch's global generator, and off in evaluation mode.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Jitter", "SpecMask"]


class Jitter(nn.Module):
    """Move, scale and turn each picture a little, and change its brightness and contrast.

    A strength of 1 shifts by up to 12 % of the side, scales by up to 25 %, turns by up to 15 degrees and
    changes brightness (5 % of its range) and contrast (10 %) a little: more would hide an answer that is
    about how dark a picture is. Pictures are never mirrored: handwriting and signs have a direction.

    Args:
        strength: scales all of it; 0 is off.
    """

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.strength = strength

    def forward(self, x: Tensor) -> Tensor:
        """Return `[batch, channels, height, width]` as it came, but moved."""
        if not self.training or not self.strength:
            return x
        return self.moved(x, x.new_empty(6, len(x)).uniform_(-1.0, 1.0))

    def moved(self, x: Tensor, draw: Tensor) -> Tensor:
        """Return `x` moved as `draw`, from -1 to 1 `[6, batch]`, says."""
        draw = self.strength * draw
        angle = draw[0] * math.radians(15)
        scale = torch.exp(draw[1] * math.log(1.25))
        cos, sin = scale * angle.cos(), scale * angle.sin()
        rows = torch.stack([cos, -sin, 0.24 * draw[2], sin, cos, 0.24 * draw[3]], dim=1)
        grid = functional.affine_grid(rows.view(-1, 2, 3), list(x.shape), align_corners=False)
        moved = functional.grid_sample(x, grid, padding_mode="border", align_corners=False)
        mean = moved.mean(dim=(1, 2, 3), keepdim=True)
        contrast = torch.exp(0.1 * draw[4]).view(-1, 1, 1, 1)
        return (moved - mean) * contrast + mean + 0.1 * draw[5].view(-1, 1, 1, 1)


class SpecMask(nn.Module):
    """Hide a band of mels and a stretch of frames of each spectrogram.

    Park et al., Interspeech 2019, "SpecAugment" (https://arxiv.org/abs/1904.08779), with one mask of each kind
    and without time warping.

    Args:
        share: widest mask, as a share of the mels and of a recording's own frames; 0 is off.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return `x` `[batch, frames, mels]` with zeros (about the mean) in the hidden parts."""
        if not self.training or not self.share:
            return x
        hidden = self._stretch(mask.sum(dim=1), x.shape[1], x)[:, :, None]
        bands = torch.full_like(mask.sum(dim=1), x.shape[2])
        return x.masked_fill(hidden | self._stretch(bands, x.shape[2], x)[:, None, :], 0.0)

    def _stretch(self, lengths: Tensor, size: int, like: Tensor) -> Tensor:
        draw = torch.rand(2, len(lengths), 1, device=like.device)
        total = lengths[:, None]
        width = draw[0] * self.share * total
        start = draw[1] * (total - width)
        place = torch.arange(size, device=like.device)
        return (place >= start) & (place < start + width)

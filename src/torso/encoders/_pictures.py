"""Pixels as tensors, and the residual stages of a convnet, for the encoders of pictures."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from torso.core.batch_norm import BatchNorm2d

__all__ = ["residual_stages", "stem", "to_channels"]

_MIN_SIDE = 4  # cells; a smaller map is not halved


def to_channels(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Return `[batch, channels, height, width]` from -1 to 1, from uint8 or floats from 0 to 1.

    The memory stays channels-last.
    """
    x = values.to(dtype)
    if not values.is_floating_point():
        x = x / 255.0
    return (x - 0.5).permute(0, 3, 1, 2) * 2.0


def stem(width: int, channels: int = 3) -> nn.Sequential:
    """Return the first convolution, which halves the side of `[batch, channels, height, width]`."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False),
        BatchNorm2d(width),
        nn.ReLU(),
    )


def residual_stages(width: int, num: int, size: int) -> tuple[nn.Sequential, list[tuple[int, int]]]:
    """Return the residual stages after a stem, and the channels and the stride of each map.

    Each stage doubles the channels (the first keeps them), and halves the side while it is above 4 cells.

    Args:
        width: channels of the stem.
        num: number of stages.
        size: side of the pictures in pixels.

    Returns:
        The stages, and `(channels, stride)` of the stem's map and of that of every stage.
    """
    blocks, maps, side = [], [(width, 2)], -(-size // 2)
    for stage in range(num):
        before, reduced = maps[-1]
        after, stride = width * 2**stage, 2 if side > _MIN_SIDE else 1
        blocks.append(_Residual(before, after, stride))
        maps.append((after, reduced * stride))
        side = -(-side // stride)
    return nn.Sequential(*blocks), maps


class _Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False),
            BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            BatchNorm2d(after),
        )
        same = before == after and stride == 1
        self.shortcut = nn.Identity() if same else nn.Conv2d(before, after, 1, stride=stride)
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.activation(self.body(x) + self.shortcut(x))
        return out

"""Images: a feature pyramid; its tokens are cells of a fine map with global context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from torch import Tensor, nn
from torch.nn import functional

from torso.core.blocks import Pool
from torso.core.ranges import Range, SetBy
from torso.core.types import Tokens
from torso.encoders._augment import Augment
from torso.encoders._encoder import Encoder
from torso.encoders._pictures import residual_stages, stem, to_channels

__all__ = ["ImagePyramid"]


class ImagePyramid(Encoder, form="image", name="pyramid"):
    """Residual convnet with a way back up: coarse maps are merged into finer ones.

    Lin et al., CVPR 2017 (https://arxiv.org/abs/1612.03144), over the stages of `image/convnet`: each map is
    brought to `dim` channels, the coarser one above it is enlarged to its side (nearest cell) and added, and a
    3x3 convolution smooths the last sum. Difference: only the finest map comes out, since a token does not know
    its scale. For answers at positions of a picture: dense maps, boxes.

    Args:
        dim: token width.
        stride: pixels from one cell of the map that comes out to the next: 2, 4, 8, ...
        width: channels of the first stage.
        stages: number of residual stages.
        tokens: tokens kept by attention pooling; 0 keeps every cell, row by row.
        dropout: on the tokens, in training.
        jitter: strength of small moves in training (see `Jitter`); 0, the default, for none: answers at
            positions would have to move along.
        augment: more augmentation: `crop`, `flip`, `colour`, `cutout` (see `Augment`); the first two move
            pictures too.
        size: side of the pictures in pixels, which the stages are chosen for.
        channels: numbers of a pixel; 3 of pictures.
    """

    def __init__(
        self,
        dim: int,
        *,
        stride: int = 4,
        width: Annotated[int, Range(8, 128, log=True)] = 32,
        stages: Annotated[int, Range(1, 5)] = 3,
        tokens: int = 0,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
        jitter: Annotated[float, Range(0.0, 1.0)] = 0.0,
        augment: Mapping[str, float | bool] | None = None,
        size: Annotated[int, SetBy.DATA] = 64,
        channels: Annotated[int, SetBy.DATA] = 3,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.augment = Augment(jitter, augment)
        self.stem = stem(width, channels)
        self.stages, maps = residual_stages(width, stages, size)
        strides = [reduction for _, reduction in maps]
        if stride not in strides:
            raise ValueError(
                f"Parameter `stride` should be one of {sorted(set(strides))}, those of {stages} stages over pictures "
                f"of {size} pixels. Found {stride}."
            )
        self.finest = strides.index(stride)
        self.laterals = nn.ModuleList(
            nn.Conv2d(channels, dim, 1) for channels, _ in maps[self.finest :]
        )
        self.smooth = nn.Conv2d(dim, dim, 3, padding=1)
        self.norm = nn.LayerNorm(dim)
        self.pool = Pool(dim, tokens)
        self.dropout = nn.Dropout(dropout)

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read `[batch, height, width, channels]` uint8, or floats from 0 to 1."""
        x = self.augment(to_channels(values, self.norm.weight.dtype))
        x = self.smooth(self._merged(self._maps(x))).flatten(2).transpose(1, 2)
        shown = mask.unsqueeze(1).expand(-1, x.shape[1])
        tokens = self.pool(Tokens(self.norm(x), shown))
        return Tokens(self.dropout(tokens.values), tokens.mask)

    def _maps(self, x: Tensor) -> list[Tensor]:
        """Return the maps from the finest that is used to the coarsest."""
        maps = [self.stem(x)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return maps[self.finest :]

    def _merged(self, maps: list[Tensor]) -> Tensor:
        """Return the sum of all maps, at the side of the first, `[batch, dim, height, width]`."""
        sideways = [lateral(cells) for lateral, cells in zip(self.laterals, maps, strict=True)]
        top: Tensor = sideways[-1]
        for finer in reversed(sideways[:-1]):
            top = finer + functional.interpolate(top, size=finer.shape[2:])
        return top

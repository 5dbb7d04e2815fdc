"""Images: a small residual convnet, good from scratch on a few hundred pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from torch import Tensor, nn

from torso.core.blocks import Pool
from torso.core.ranges import Range, SetBy
from torso.core.types import Tokens
from torso.encoders._augment import Augment
from torso.encoders._encoder import Encoder
from torso.encoders._pictures import residual_stages, stem, to_channels

__all__ = ["ImageConvNet"]


class ImageConvNet(Encoder, form="image", name="convnet"):
    """Residual convnet over RGB pictures.

    A strided stem, then one residual block per stage, each doubling the channels and halving the side while
    it is above 4 cells (He et al., CVPR 2016, in small); the cells of the last map are the tokens.

    Args:
        dim: token width.
        width: channels of the first stage.
        stages: number of residual stages.
        tokens: tokens kept by attention pooling; 0 keeps every cell of the last map.
        dropout: on the tokens, in training.
        jitter: strength of small moves in training (see `Jitter`); 0 for none.
        augment: more augmentation: `crop`, `flip`, `colour`, `cutout` (see `Augment`).
        size: side of the pictures in pixels, which the strides are chosen for.
        channels: numbers of a pixel; 3 of pictures.
    """

    def __init__(
        self,
        dim: int,
        *,
        width: Annotated[int, Range(8, 128, log=True)] = 32,
        stages: Annotated[int, Range(1, 5)] = 3,
        tokens: int = 1,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
        jitter: Annotated[float, Range(0.0, 1.0)] = 0.5,
        augment: Mapping[str, float | bool] | None = None,
        size: Annotated[int, SetBy.DATA] = 64,
        channels: Annotated[int, SetBy.DATA] = 3,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.augment = Augment(jitter, augment)
        self.stem = stem(width, channels)
        self.stages, maps = residual_stages(width, stages, size)
        self.project = nn.Linear(maps[-1][0], dim)
        self.norm = nn.LayerNorm(dim)
        self.pool = Pool(dim, tokens)
        self.dropout = nn.Dropout(dropout)

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read `[batch, height, width, channels]` uint8, or floats from 0 to 1."""
        x = self.augment(to_channels(values, self.project.weight.dtype))
        x = self.stages(self.stem(x)).flatten(2).transpose(1, 2)  # [batch, cells, channels]
        x = self.norm(self.project(x))
        shown = mask.unsqueeze(1).expand(-1, x.shape[1])
        tokens = self.pool(Tokens(x, shown))
        return Tokens(self.dropout(tokens.values), tokens.mask)

"""Images: a small vision transformer, for many pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.blocks import Block, Pool, grid_positions
from torso.core.ranges import Range, SetBy
from torso.core.types import Tokens
from torso.encoders._augment import Augment
from torso.encoders._encoder import Encoder
from torso.encoders._pictures import to_channels

__all__ = ["ImageViT"]

Positions = Literal["sincos", "learned"]


class ImageViT(Encoder, form="image", name="vit"):
    """Transformer over the square patches of a picture.

    Dosovitskiy et al., ICLR 2021 (https://arxiv.org/abs/2010.11929), in small; fixed positions of rows and
    columns and a pool instead of a class token as in Beyer, Zhai, Kolesnikov, 2022
    (https://arxiv.org/abs/2205.01580). Differences: the pool is attention from learned queries instead of the
    mean; sides that are no multiple of the patch are filled with grey.

    Args:
        dim: token width.
        patch: side of a patch in pixels; default: about an eighth of the picture's.
        depth: transformer blocks.
        heads: attention heads; default one per 32 channels.
        positions: `sincos` (fixed, of any number of patches) or `learned` (one per patch).
        class_token: whether a learned token joins the patches. With `tokens: 1` it is the output; with any other
            number it is left out.
        tokens: tokens kept by attention pooling; 0 keeps one per patch, row by row.
        dropout: on the patches and the residual branches, in training.
        jitter: strength of small moves in training (see `Jitter`); 0 for none.
        augment: more augmentation: `crop`, `flip`, `colour`, `cutout` (see `Augment`).
        size: side of the pictures in pixels.
        channels: numbers of a pixel; 3 of pictures.
    """

    def __init__(
        self,
        dim: int,
        *,
        patch: Annotated[int | None, Range(2, 32, log=True)] = None,
        depth: Annotated[int, Range(1, 12)] = 4,
        heads: int | None = None,
        positions: Positions = "sincos",
        class_token: bool = False,
        tokens: int = 1,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
        jitter: Annotated[float, Range(0.0, 1.0)] = 0.5,
        augment: Mapping[str, float | bool] | None = None,
        size: Annotated[int, SetBy.DATA] = 64,
        channels: Annotated[int, SetBy.DATA] = 3,
    ) -> None:
        super().__init__()
        patch = patch or max(1, round(size / 8))
        if not 1 <= patch <= size:
            raise ValueError(f"Parameter `patch` should be from 1 to {size}. Found {patch}.")
        if positions not in get_args(Positions):
            raise ValueError(
                f"Parameter `positions` should be sincos or learned. Found {positions!r}."
            )
        self.dim = dim
        self.patch = patch
        self.side = -(-size // patch)
        self.augment = Augment(jitter, augment)
        self.embed = nn.Conv2d(channels, dim, patch, stride=patch)
        self.positions = (
            nn.Parameter(torch.randn(self.side**2, dim) * 0.02) if positions == "learned" else None
        )
        self.class_token = nn.Parameter(torch.randn(dim) / dim**0.5) if class_token else None
        self.blocks = nn.ModuleList(Block(dim, heads, dropout=dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.pool = None if class_token and tokens == 1 else Pool(dim, tokens)
        self.dropout = nn.Dropout(dropout)

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read `[batch, height, width, channels]` uint8, or floats from 0 to 1.

        Raises:
            ValueError: with learned positions, a picture of another number of patches than in training.
        """
        x = self.augment(to_channels(values, self.norm.weight.dtype))
        height, width = x.shape[2:]
        x = self.embed(functional.pad(x, (0, -width % self.patch, 0, -height % self.patch)))
        x = x.flatten(2).transpose(1, 2)  # [batch, patches, dim]
        x = x + self._positions(-(-height // self.patch), -(-width // self.patch), x)
        if self.class_token is not None:
            x = torch.cat([self.class_token.to(x.dtype).expand(x.shape[0], 1, -1), x], dim=1)
        shown = mask.unsqueeze(1).expand(-1, x.shape[1])
        tokens = Tokens(self.dropout(x), shown)
        for layer, block in enumerate(self.blocks):
            last = self.pool is None and layer == len(self.blocks) - 1
            tokens = block(tokens, 1 if last else None)
        tokens = Tokens(self.norm(tokens.values), tokens.mask)
        if self.pool is None:
            return Tokens(tokens.values[:, :1], tokens.mask[:, :1])
        first = int(self.class_token is not None)
        encoded: Tokens = self.pool(Tokens(tokens.values[:, first:], tokens.mask[:, first:]))
        return encoded

    def _positions(self, rows: int, columns: int, like: Tensor) -> Tensor:
        """Return `[rows * columns, dim]`."""
        if self.positions is None:
            return grid_positions(rows, columns, self.dim, like)
        if rows * columns != len(self.positions):
            raise ValueError(
                f"Learned positions are of {self.side} x {self.side} patches. Found a picture of {rows} x {columns}; "
                "give it the size of the training, or choose `positions: sincos`."
            )
        return self.positions.to(like.dtype)

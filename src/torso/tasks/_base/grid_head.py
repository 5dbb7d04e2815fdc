"""Token maps of pictures and video frames, and a decoder above them, for spatial heads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.cures import setting
from torso.core.errors import ConfigError
from torso.core.tensors import zeroed
from torso.core.types import Tokens

__all__ = ["Grid", "GridDecoder", "cell_middles"]

_UNSEEN = 8  # side of the map before the first picture


class Grid(nn.Module):
    """The tokens of a picture as a map, zeros in a row without the picture.

    Args:
        of: name of the picture.
        frames: maps per row; more than one of a video, whose tokens are those of its frames, one frame after another.
    """

    def __init__(self, of: str, frames: int = 1) -> None:
        super().__init__()
        self.of = of
        self.frames = frames
        self.register_buffer("side", torch.zeros((), dtype=torch.int64))

    side: Tensor
    """Side of the last map; that of a batch in which no row has the picture, where the encoder is not asked."""

    def forward(self, tokens: Mapping[str, Tokens] | None) -> Tensor:
        """Return `[batch * frames, dim, side, side]` from modality -> tokens.

        Raises:
            ConfigError: there is no such picture, or its tokens are no square grids of at least 2 x 2.
        """
        own = self._own(tokens)
        batch, length, dim = own.values.shape
        if self._unasked(own):
            side = int(self.side) or _UNSEEN
            return own.values.new_zeros(batch * self.frames, dim, side, side)
        side = math.isqrt(length // self.frames)
        if self.frames * side**2 != length or side < 2:
            raise ConfigError(self._refusal(length))
        self.side.fill_(side)
        maps = zeroed(own).reshape(batch * self.frames, side**2, dim)
        return maps.transpose(1, 2).reshape(-1, dim, side, side)

    def seen(self, tokens: Mapping[str, Tokens] | None) -> Tensor:
        """Return bool `[batch, frames]`: the frames that a row has; in a row without any, all. Tokens are as above."""
        own = self._own(tokens)
        if self._unasked(own):
            return own.mask.new_ones(own.mask.shape[0], self.frames)
        some = own.mask.view(-1, self.frames, own.mask.shape[1] // self.frames).any(dim=2)
        return some | ~own.present.unsqueeze(1)

    def _own(self, tokens: Mapping[str, Tokens] | None) -> Tokens:
        if not tokens or self.of not in tokens:
            raise ConfigError(
                f"Parameter `of` should name an input. Found {self.of!r}; known: {list(tokens or ())}."
            )
        return tokens[self.of]

    @staticmethod
    def _unasked(own: Tokens) -> bool:
        """Return whether no row of the batch has the picture, so that the tokens have no places."""
        return own.values.shape[1] == 1 and not bool(own.mask.any())

    def _refusal(self, length: int) -> str:
        if self.frames == 1:
            return (
                f"A head about places should read a grid of tokens, one per place of the picture. Found {length} of "
                f"{self.of!r}: use {setting(f'encoders.{self.of}.type', 'pyramid')}, or an encoder with `tokens: 0`."
            )
        return (
            f"A head about places of a video should read a grid of tokens for each of its {self.frames} frames. "
            f"Found {length} tokens of {self.of!r}: use an encoder that keeps every place of every frame."
        )


def cell_middles(side: int, like: Tensor) -> Tensor:
    """Return x and y of the cells' middles `[side * side, 2]`, as shares of the picture, row by row."""
    middle = (torch.arange(side, device=like.device, dtype=like.dtype) + 0.5) / side
    return torch.cartesian_prod(middle, middle).flip(1)


class GridDecoder(nn.Module):
    """Convolutions that enlarge a map step by step, conditioned on a vector about the row.

    Every step enlarges (bilinearly) by the same factor and ends with a 3x3 convolution, so that neighbours of the
    answer are made together; the last map is read pixel by pixel.

    Args:
        dim: channels of the map.
        width: channels inside, and width of the vector, which is added at every place.
        outputs: numbers per pixel.
        size: `[height, width]` of the answer.
        steps: how many.
        canvas: side of a coarse map that the vector is painted on, so that it can say different things of different
            places; 0: the vector is added at every place alike.
    """

    def __init__(
        self,
        dim: int,
        width: int,
        outputs: int,
        size: Sequence[int],
        steps: int = 2,
        canvas: int = 0,
    ) -> None:
        super().__init__()
        if steps < 1:
            raise ValueError(f"Parameter `steps` should be at least 1. Found {steps}.")
        self.size = tuple(size)
        self.inward = nn.Conv2d(dim, width, 3, padding=1)
        self.steps = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(steps))
        self.outward = nn.Conv2d(width, outputs, 1)
        self.canvas = (
            nn.Sequential(
                nn.Linear(width, width * canvas**2), nn.Unflatten(1, (width, canvas, canvas))
            )
            if canvas
            else None
        )

    def forward(self, grid: Tensor, vector: Tensor) -> Tensor:
        """Return `[batch, outputs, height, width]` from `grid` `[batch, dim, rows, columns]`."""
        x = functional.gelu(self.inward(grid) + self._painted(vector, grid.shape[2]))
        start = x.shape[2:]
        for number, step in enumerate(self.steps, 1):
            share = number / len(self.steps)
            size = [
                round(first * (last / first) ** share)
                for first, last in zip(start, self.size, strict=True)
            ]
            x = functional.interpolate(x, size=size, mode="bilinear")
            x = x + functional.gelu(step(x))
        answer: Tensor = self.outward(x)
        return answer

    def _painted(self, vector: Tensor, side: int) -> Tensor:
        """Return the vector at every place, `[batch, width, side, side]`, or a map that stretches over them."""
        if self.canvas is None:
            return vector[:, :, None, None]
        painted: Tensor = self.canvas(vector)
        return functional.interpolate(painted, size=(side, side), mode="bilinear")

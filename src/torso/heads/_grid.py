"""What heads about places share: the tokens of a picture as a map, and the way from there to the size asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso._blocks import positions
from torso._tensors import zeroed
from torso.errors import ConfigError
from torso.types import Tokens

__all__ = ["Grid", "GridDecoder", "cell_positions"]

_UNSEEN = 8  # side of the map before the first picture


class Grid(nn.Module):
    """The tokens of a picture as a map; in a row without the picture, where each cell lies.

    So an answer that has to do without the picture can still differ from place to place.

    Args:
        of: name of the picture.
    """

    def __init__(self, of: str) -> None:
        super().__init__()
        self.of = of
        self.register_buffer("side", torch.zeros((), dtype=torch.int64))

    side: Tensor
    """Side of the last map; that of a batch in which no row has the picture, where the encoder is not asked."""

    def forward(self, tokens: Mapping[str, Tokens] | None) -> Tensor:
        """Return `[batch, dim, side, side]` from modality -> tokens.

        Raises:
            ConfigError: there is no such picture, or its tokens are no square grid of at least 2 x 2.
        """
        if not tokens or self.of not in tokens:
            raise ConfigError(
                f"Parameter `of` should name an input. Found {self.of!r}; known: {list(tokens or ())}."
            )
        found = tokens[self.of]
        batch, length, dim = found.values.shape
        if length == 1 and not bool(found.mask.any()):
            side = int(self.side) or _UNSEEN
            return cell_positions(side, dim, found.values).expand(batch, -1, -1, -1)
        side = math.isqrt(length)
        if side**2 != length or side < 2:
            raise ConfigError(
                f"A head about places should read a grid of tokens, one per place of the picture. Found {length} of "
                f"{self.of!r}: use --set encoders.{self.of}.type=pyramid, or an encoder with `tokens: 0`."
            )
        self.side.fill_(side)
        grid = zeroed(found).transpose(1, 2).reshape(batch, dim, side, side)
        there = found.present.view(-1, 1, 1, 1)
        return torch.where(there, grid, cell_positions(side, dim, grid))


def cell_positions(side: int, dim: int, like: Tensor) -> Tensor:
    """Return `[dim, side, side]`: sinusoidal positions of the rows in half of the channels, of the columns in the rest."""
    down = positions(side, dim // 2, like).unsqueeze(1).expand(-1, side, -1)
    across = positions(side, dim - dim // 2, like).expand(side, -1, -1)
    return torch.cat([down, across], dim=2).permute(2, 0, 1)


class GridDecoder(nn.Module):
    """Convolutions that enlarge a map step by step, told by a vector what all else says about the row.

    Every step enlarges (bilinearly) by the same factor and ends with a 3x3 convolution, so that neighbours of the
    answer are made together; the last map is read pixel by pixel.

    Args:
        dim: channels of the map.
        width: channels inside, and width of the vector, which is added at every place.
        outputs: numbers per pixel.
        size: `[height, width]` of the answer.
        steps: how many.
    """

    def __init__(
        self, dim: int, width: int, outputs: int, size: Sequence[int], steps: int = 2
    ) -> None:
        super().__init__()
        if steps < 1:
            raise ValueError(f"Parameter `steps` should be at least 1. Found {steps}.")
        self.size = tuple(size)
        self.inward = nn.Conv2d(dim, width, 3, padding=1)
        self.steps = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(steps))
        self.outward = nn.Conv2d(width, outputs, 1)

    def forward(self, grid: Tensor, vector: Tensor) -> Tensor:
        """Return `[batch, outputs, height, width]` from `grid` `[batch, dim, rows, columns]`."""
        x = functional.gelu(self.inward(grid) + vector[:, :, None, None])
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

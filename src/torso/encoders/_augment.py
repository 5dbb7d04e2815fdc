"""Augmentation in training: moved and re-lit pictures, masked and shifted spectrograms, dropped words.

All of it works on whole batches on their device, draws from torch's global generator, and is off in evaluation
mode.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.errors import ConfigError, unknown

__all__ = ["Augment", "Jitter", "SpecMask", "TimeShift", "drop_words"]


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

    def forward(self, x: Tensor, film: Tensor | None = None) -> Tensor:
        """Return `[batch, channels, height, width]` moved and re-lit in training; `film` as for `Augment`."""
        if not self.training or not self.strength:
            return x
        return self.moved(x, 2.0 * _draw(6, x, film) - 1.0)

    def moved(self, x: Tensor, draw: Tensor) -> Tensor:
        """Return `x` moved by `draw` `[6, batch]`, numbers from -1 to 1."""
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


class Augment(nn.Module):
    """Augmentation of pictures in training: `Jitter`, then the changes that `settings` ask for.

    * `crop`, from 0 to 1: a random square of at least `1 - crop` of the side, brought back to the full side;
    * `flip`: the share of pictures that are mirrored left to right; true is one half;
    * `colour`: strength of changes of brightness, contrast and saturation; at 1, up to 0.4 of the range and
      factors from 2/3 to 3/2;
    * `cutout`, from 0 to 1: side of a grey square at a random place, as a share of the picture's (DeVries,
      Taylor, 2017, https://arxiv.org/abs/1708.04552); it may stick out, and then hides less.

    All are off (0) by default, since only the user knows if a mirrored or darker picture is still the same row.

    Args:
        jitter: strength of `Jitter`.
        settings: name -> value, of the names above; None changes nothing more.
    """

    def __init__(self, jitter: float = 0.0, settings: Mapping[str, float] | None = None) -> None:
        super().__init__()
        self.jitter = Jitter(jitter)
        asked = {"crop": 0.0, "flip": 0.0, "colour": 0.0, "cutout": 0.0}
        for name, value in (settings or {}).items():
            if name not in asked:
                raise ConfigError(unknown("setting of `augment`:", name, asked))
            asked[name] = 0.5 if name == "flip" and value is True else float(value)
            if not 0.0 <= asked[name] <= 1.0 or (name == "crop" and value == 1):
                raise ConfigError(
                    f"`{name}` of `augment` should be from 0 to 1{', 1 left out' * (name == 'crop')}. "
                    f"Found {value!r}."
                )
        self.crop, self.flip, self.colour, self.cutout = asked.values()

    def forward(self, x: Tensor, film: Tensor | None = None) -> Tensor:
        """Return pictures `[batch, 3, height, width]` from -1 to 1, changed; as they came in evaluation.

        Args:
            x: the pictures.
            film: int64 `[batch]`, the number of the video that each picture is a frame of; all frames of a video
                change alike. None if each picture is a row of its own.
        """
        x = self.jitter(x, film)
        if not self.training:
            return x
        if self.crop or self.flip:
            x = self._cropped(x, _draw(4, x, film))
        if self.colour:
            x = self._coloured(x, _draw(3, x, film))
        return self._cut(x, _draw(2, x, film)) if self.cutout else x

    def _cropped(self, x: Tensor, draw: Tensor) -> Tensor:
        side = 1.0 - self.crop * draw[0]
        mirror = 1.0 - 2.0 * (draw[1] < self.flip).to(x.dtype)
        across, down = (1.0 - side) * (2.0 * draw[2:] - 1.0)
        none = torch.zeros_like(side)
        rows = torch.stack([side * mirror, none, across, none, side, down], dim=1)
        grid = functional.affine_grid(rows.view(-1, 2, 3), list(x.shape), align_corners=False)
        seen: Tensor = functional.grid_sample(x, grid, padding_mode="border", align_corners=False)
        return seen

    def _coloured(self, x: Tensor, draw: Tensor) -> Tensor:
        draw = self.colour * (2.0 * draw - 1.0).view(3, -1, 1, 1, 1)
        contrast = torch.exp(draw[0] * math.log(1.5))
        grey = x.mean(dim=1, keepdim=True)
        x = grey + (x - grey) * torch.exp(draw[1] * math.log(1.5))
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        return ((x - mean) * contrast + mean + 0.8 * draw[2]).clamp(-1.0, 1.0)

    def _cut(self, x: Tensor, draw: Tensor) -> Tensor:
        centre = draw.unsqueeze(2)
        down, across = (
            (torch.arange(size, device=x.device) + 0.5 - centre[axis] * size).abs()
            <= self.cutout * size / 2
            for axis, size in enumerate(x.shape[2:])
        )
        return x.masked_fill((down[:, :, None] & across[:, None, :]).unsqueeze(1), 0.0)


def _draw(numbers: int, x: Tensor, film: Tensor | None) -> Tensor:
    """Return random numbers from 0 to 1, `[numbers, batch]`, equal for pictures of one `film`."""
    if film is None:
        return torch.rand(numbers, len(x), device=x.device, dtype=x.dtype)
    return torch.rand(numbers, int(film.max()) + 1, device=x.device, dtype=x.dtype)[:, film]


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
        index = torch.arange(size, device=like.device)
        return (index >= start) & (index < start + width)


class TimeShift(nn.Module):
    """Shift each recording in time by whole frames. The gap is filled with zeros.

    Args:
        share: longest move either way, as a share of a recording's own frames; 0 is off.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        if not 0.0 <= share < 1.0:
            raise ValueError(f"Parameter `share` should be in [0, 1). Found {share}.")
        self.share = share

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return `x` `[batch, frames, mels]`, moved within the True cells of `mask`, which stand first."""
        if not self.training or not self.share:
            return x
        lengths = mask.sum(dim=1, keepdim=True)
        draw = torch.empty(len(x), 1, device=x.device).uniform_(-self.share, self.share)
        source = torch.arange(x.shape[1], device=x.device) - (draw * lengths).round().long()
        inside = (source >= 0) & (source < lengths)
        index = source.clamp(0, x.shape[1] - 1).unsqueeze(-1).expand_as(x)
        return torch.where((inside & mask).unsqueeze(-1), x.gather(1, index), 0.0)


def drop_words(mask: Tensor, share: float) -> Tensor:
    """Return bool `mask` `[batch, length]` without a random `share` of its True cells.

    A row that would lose all of its True cells keeps them all.
    """
    if not share:
        return mask
    kept = mask & (mask.new_empty(mask.shape, dtype=torch.float32).uniform_() >= share)
    return kept | (mask & ~kept.any(dim=1, keepdim=True))

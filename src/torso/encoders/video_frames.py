"""Videos: every frame through an encoder of pictures, then attention over time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.blocks import Block, Pool, grid_positions, positions
from torso.core.errors import ConfigError
from torso.core.ranges import Range, SetBy
from torso.core.spec import SpecLike
from torso.core.tensors import zeroed
from torso.core.types import Features, Tokens
from torso.encoders._augment import Augment
from torso.encoders._encoder import Encoder
from torso.encoders._pictures import to_channels
from torso.encoders.hub._pretrained import Pretrained

__all__ = ["VideoFrames"]

_OF_THE_VIDEO = ("tokens", "jitter", "augment")
"""Settings of an encoder of pictures that are about the whole video here."""


class VideoFrames(Encoder, form="video", name="frames"):
    """An encoder of pictures for every frame, and a small transformer over the frames.

    The cells of a frame's last map get position embeddings. Attention pooling makes one token per frame of them, and a
    transformer reads these tokens in the order of the frames. A frame also shows its change since the frame before, so
    that neighbouring pixels tell the direction of a movement (compare the stacked optical flow of Simonyan, Zisserman,
    NeurIPS 2014, https://arxiv.org/abs/1406.2199). Frames that a short video lacks cost nothing. In training, all
    frames of a video are moved and coloured alike, as if by one camera.

    With `tokens: 0` every cell of every frame is a token: `[frames * cells]`, frame by frame, each row by row. There are
    at least `frames` of them; those past a shorter video's end are masked. The transformer then attends along time at
    each position, the temporal half of divided attention (Bertasius, Wang, Torresani, ICML 2021, "TimeSformer",
    https://arxiv.org/abs/2102.05095). The spatial half is left to the encoder of the frames.

    Args:
        dim: token width.
        frame: encoder of a frame, of the form `image`, trained from scratch: a name, or a mapping with `type` and
            settings. `tokens`, `jitter` and `augment` are settings of the video instead.
        motion: whether the encoder of a frame also sees the change since the frame before.
        depth: transformer blocks over time.
        heads: attention heads; default one per 32 channels.
        tokens: tokens kept by attention pooling; 0 keeps every cell of every frame.
        dropout: on the frames and the residual branches, in training.
        jitter: strength of small moves in training (see `Jitter`); 0 for none.
        augment: more augmentation: `crop`, `flip`, `colour`, `cutout` (see `Augment`).
        size: side of the frames in pixels.
        frames: the most frames that a video has.
    """

    def __init__(
        self,
        dim: int,
        *,
        frame: SpecLike = "convnet",
        motion: bool = True,
        depth: Annotated[int, Range(1, 8)] = 2,
        heads: int | None = None,
        tokens: int = 1,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
        jitter: Annotated[float, Range(0.0, 1.0)] = 0.5,
        augment: Mapping[str, float | bool] | None = None,
        size: Annotated[int, SetBy.DATA] = 64,
        frames: Annotated[int, SetBy.DATA] = 8,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.frames = frames
        self.augment = Augment(jitter, augment)
        self.motion = motion
        self.frame = _frame(frame, dim, size, channels=6 if motion else 3)
        self.cell_pool = Pool(dim, 1) if tokens else None
        self.blocks = nn.ModuleList(Block(dim, heads, dropout=dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.pool = Pool(dim, tokens)
        self.dropout = nn.Dropout(dropout)

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read `[batch, frames, height, width, 3]` uint8, or floats from 0 to 1."""
        batch, frames = mask.shape
        film = torch.arange(batch, device=mask.device)[:, None].expand(batch, frames).flatten()
        cells = self._encode_frames(values.flatten(0, 1), film)
        return self._encode_films(cells.view(batch, frames, *cells.shape[1:]), mask)

    def encode_present(self, features: Features, /) -> Tokens:
        """Return the tokens of `encode`, without computing the frames that a shorter video lacks."""
        mask = features.mask
        film, number = mask.nonzero(as_tuple=True)
        cells = self._encode_frames(features.values[film, number], film)
        return self._encode_films(_laid_out(cells, mask), mask)

    def _encode_frames(self, values: Tensor, film: Tensor) -> Tensor:
        """Return the cells of every frame with their positions, or their pool, `[frames, cells or 1, dim]`.

        Args:
            values: `[frames, height, width, 3]`, all videos end to end.
            film: int64 `[frames]`, the number of the video that each belongs to.
        """
        x = self.augment(to_channels(values, self.norm.weight.dtype), film)
        if self.motion:
            x = torch.cat([x, _changes(x, film)], dim=1)
        cells = self.frame.encode(x.permute(0, 2, 3, 1) / 2 + 0.5, film >= 0).values
        side = math.isqrt(cells.shape[1])
        if side**2 != cells.shape[1]:
            raise ConfigError(
                f"`frame` should be an encoder that makes a square map. Found {cells.shape[1]} cells."
            )
        cells = cells + grid_positions(side, side, self.dim, cells)
        if self.cell_pool is None:
            return cells
        everywhere = torch.ones(cells.shape[:2], dtype=torch.bool, device=cells.device)
        pooled: Tokens = self.cell_pool(Tokens(cells, everywhere))
        return pooled.values

    def _encode_films(self, cells: Tensor, mask: Tensor) -> Tokens:
        """Return the video's tokens from `cells` `[batch, frames, cells, dim]` and bool `mask` `[batch, frames]`."""
        if self.cell_pool is None:
            return self._along_time(cells, mask)
        encoded: Tokens = self.pool(self._over_time(Tokens(cells.squeeze(2), mask)))
        return encoded

    def _over_time(self, tokens: Tokens) -> Tokens:
        """Return tokens `[batch, frames, dim]` that have attended to each other."""
        x = zeroed(tokens)
        tokens = Tokens(self.dropout(x + positions(x.shape[1], self.dim, x)), tokens.mask)
        for block in self.blocks:
            tokens = block(tokens)
        return Tokens(self.norm(tokens.values), tokens.mask)

    def _whole(self, cells: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return `cells` `[batch, frames, cells, dim]` and `mask` with at least `self.frames` frames."""
        if torch.compiler.is_compiling():
            # Padded by all frames and cut, not by those that lack, so that a traced program takes shorter films, too.
            torch._check(mask.shape[1] <= self.frames)  # type: ignore[no-untyped-call]
            cells = functional.pad(cells, (0, 0, 0, 0, 0, self.frames))[:, : self.frames]
            return cells, functional.pad(mask, (0, self.frames))[:, : self.frames]
        missing = max(0, self.frames - mask.shape[1])
        return functional.pad(cells, (0, 0, 0, 0, 0, missing)), functional.pad(mask, (0, missing))

    def _along_time(self, cells: Tensor, mask: Tensor) -> Tokens:
        """Return `[batch, frames * cells, dim]`: each cell has attended to the same cell of the other frames."""
        cells, mask = self._whole(cells, mask)
        batch, frames, places = cells.shape[:3]
        x = cells.transpose(1, 2).flatten(0, 1)  # [batch * cells, frames, dim]
        over = mask[:, None].expand(batch, places, frames).flatten(0, 1)
        seen = self._over_time(Tokens(x, over)).values
        values = seen.view(batch, places, frames, self.dim).transpose(1, 2).flatten(1, 2)
        return Tokens(values, mask[..., None].expand(batch, frames, places).flatten(1))


def _changes(x: Tensor, film: Tensor) -> Tensor:
    """Return the difference of frames `[frames, ...]` from the one before in their film; zeros for the first."""
    same = (film[1:] == film[:-1]).view(-1, *(1,) * (x.ndim - 1))
    return torch.cat([torch.zeros_like(x[:1]), (x[1:] - x[:-1]) * same])


def _laid_out(frames: Tensor, mask: Tensor) -> Tensor:
    """Return `[batch, frames, ...]` with `frames` at the True cells of `mask`, and zeros elsewhere."""
    out = frames.new_zeros(*mask.shape, *frames.shape[1:])
    out[mask] = frames
    return out


def _frame(frame: SpecLike, dim: int, size: int, channels: int) -> Encoder:
    """Return the encoder of a frame, which keeps all cells and moves nothing."""
    spec = Encoder.registry.parse(frame, "image")
    misplaced = [name for name in _OF_THE_VIDEO if name in spec.settings]
    if misplaced:
        raise ConfigError(
            f"`{misplaced[0]}` is about the whole video: set it beside `frame`, not in it. Found frame {frame!r}."
        )
    if issubclass(Encoder.registry.find(spec.name), Pretrained):
        raise ConfigError(
            f"`frame` should be an encoder that is trained from scratch. Found {spec.short('image')!r}; a pretrained backbone reads whole "
            "videos: use the encoder `hub` with the name of a model of videos."
        )
    return Encoder.build(spec, dim=dim, size=size, channels=channels, tokens=0, jitter=0.0)

"""Recordings: one-dimensional convolutions over the frames of a log-mel spectrogram."""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor, nn

from torso.core.blocks import Pool
from torso.core.ranges import Range
from torso.core.types import Tokens
from torso.encoders._augment import SpecMask, TimeShift
from torso.encoders._encoder import Encoder
from torso.encoders._frames import MaskedConv

__all__ = ["AudioConvNet"]


class AudioConvNet(Encoder, form="audio", name="convnet"):
    """Residual convnet over log-mel frames; the mel bands are the channels.

    Frames past a recording's end are zeroed again before every convolution, and each frame is normalised
    over its own channels, so padding changes nothing.

    Args:
        dim: token width.
        mels: mel bands of a frame.
        width: channels of the convolutions.
        stages: residual stages; each but the first halves the frame rate.
        kernel: frames seen by one convolution.
        tokens: tokens kept by attention pooling; 0 keeps one per remaining frame.
        dropout: after each stage, in training.
        hide: widest band and stretch hidden in training, as a share (see `SpecMask`); 0 for none.
        shift: longest move in time in training, as a share of a recording (see `TimeShift`); 0 for none.
    """

    ragged = True

    def __init__(
        self,
        dim: int,
        mels: int,
        *,
        width: Annotated[int, Range(16, 256, log=True)] = 96,
        stages: Annotated[int, Range(1, 5)] = 3,
        kernel: int = 5,
        tokens: int = 1,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
        hide: Annotated[float, Range(0.0, 0.4)] = 0.15,
        shift: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.shift = TimeShift(shift)
        self.hide = SpecMask(hide)
        self.stem = MaskedConv(mels, width, kernel, stride=2)
        self.stages = nn.ModuleList(
            _Stage(width, kernel, stride=1 if stage == 0 else 2, dropout=dropout)
            for stage in range(stages)
        )
        self.project = nn.Linear(width, dim)
        self.norm = nn.LayerNorm(dim)
        self.pool = Pool(dim, tokens)

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read log-mel frames `[batch, frames, mels]`."""
        frames = values.to(self.project.weight.dtype)
        moved = self.shift(frames, mask)
        x, mask = self.stem(self.hide(moved, mask), mask)
        for stage in self.stages:
            x, mask = stage(x, mask)
        encoded: Tokens = self.pool(Tokens(self.norm(self.project(x)), mask))
        return encoded


class _Stage(nn.Module):
    def __init__(self, width: int, kernel: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.down = MaskedConv(width, width, kernel, stride) if stride > 1 else None
        self.body = MaskedConv(width, width, kernel, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        if self.down is not None:
            x, mask = self.down(x, mask)
        return torch.add(x, self.dropout(self.body(x, mask)[0])), mask

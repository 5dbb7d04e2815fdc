"""Recordings: one-dimensional convolutions over the frames of a log-mel spectrogram."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from torso._blocks import Pool
from torso.encoders._augment import SpecMask
from torso.encoders._encoder import Encoder
from torso.types import Features, Tokens

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
    """

    ragged = True

    def __init__(
        self,
        dim: int,
        mels: int,
        *,
        width: int = 96,
        stages: int = 3,
        kernel: int = 5,
        tokens: int = 1,
        dropout: float = 0.1,
        hide: float = 0.15,
    ) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"Parameter `kernel` should be odd. Found {kernel}.")
        self.dim = dim
        self.hide = SpecMask(hide)
        self.stem = _MaskedConv(mels, width, kernel, stride=2)
        self.stages = nn.ModuleList(
            _Stage(width, kernel, stride=1 if stage == 0 else 2, dropout=dropout)
            for stage in range(stages)
        )
        self.project = nn.Linear(width, dim)
        self.norm = nn.LayerNorm(dim)
        self.pool = Pool(dim, tokens)

    def encode(self, features: Features, /) -> Tokens:
        """Read log-mel frames `[batch, frames, mels]`."""
        frames = features.values.to(self.project.weight.dtype)
        x, mask = self.stem(self.hide(frames, features.mask), features.mask)
        for stage in self.stages:
            x, mask = stage(x, mask)
        encoded: Tokens = self.pool(Tokens(self.norm(self.project(x)), mask))
        return encoded


class _MaskedConv(nn.Module):
    """Convolution, activation and per-frame normalisation that never see padding."""

    def __init__(self, before: int, after: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv1d(before, after, kernel, stride=stride, padding=kernel // 2)
        self.norm = nn.LayerNorm(after)
        self.activation = nn.GELU()

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        x = x.masked_fill(~mask.unsqueeze(-1), 0.0).transpose(1, 2)
        x = self.conv(x).transpose(1, 2)  # [batch, frames / stride, after]
        return self.activation(self.norm(x)), mask[:, :: self.stride][:, : x.shape[1]]


class _Stage(nn.Module):
    def __init__(self, width: int, kernel: int, stride: int, dropout: float) -> None:
        super().__init__()
        self.down = _MaskedConv(width, width, kernel, stride) if stride > 1 else None
        self.body = _MaskedConv(width, width, kernel, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        if self.down is not None:
            x, mask = self.down(x, mask)
        return torch.add(x, self.dropout(self.body(x, mask)[0])), mask

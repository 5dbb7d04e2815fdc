"""Recordings through networks of the library transformers, from samples."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from torso.core.tensors import take_rows
from torso.core.types import Features, Tokens
from torso.encoders.hub._backbone import as_samples
from torso.encoders.hub._library_backbone import LibraryBackbone, Network
from torso.encoders.hub.mel import power_frames

__all__ = ["WaveBackbone", "WhisperBackbone"]


class WaveBackbone(LibraryBackbone):
    """A network of raw samples, such as wav2vec2. It reads recordings of equal length together.

    Some of these networks normalise over time, and would hear padding.

    Args:
        normalise: whether each recording is brought to mean 0 and variance 1, as the network was trained.
    """

    def __init__(self, model: Network, normalise: bool = True) -> None:
        super().__init__(model)
        self.normalise = normalise
        reach, step = 1, 1
        for kernel, stride in zip(model.config.conv_kernel, model.config.conv_stride, strict=True):
            reach, step = reach + (kernel - 1) * step, step * stride
        self.least = reach

    def forward(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read samples `[batch, samples]`, whose True cells stand first."""
        samples, lengths = as_samples(values, mask, self.dtype), mask.sum(dim=1)
        groups = [
            (lengths == length).nonzero().squeeze(1) for length in sorted(set(lengths.tolist()))
        ]
        parts = [self._unpadded(samples[rows, : lengths[rows[0]]]) for rows in groups]
        return take_rows(parts, torch.cat(groups).argsort())

    def _unpadded(self, samples: Tensor) -> Tokens:
        if self.normalise:
            var, mean = torch.var_mean(samples, dim=1, correction=0, keepdim=True)
            samples = (samples - mean) / (var + 1e-7).sqrt()
        missing = max(0, self.least - samples.shape[1])
        hidden = self.model(functional.pad(samples, (0, missing))).last_hidden_state
        return Tokens(hidden, hidden.new_ones(hidden.shape[:2], dtype=torch.bool))

    def example(self) -> Features:
        """Return a short tone."""
        return _tone(4 * self.least)


class WhisperBackbone(LibraryBackbone):
    """The encoder of a Whisper-like network. It reads a whole window of 30 seconds, filled with silence.

    Radford et al., ICML 2023 (https://arxiv.org/abs/2212.04356). Tokens past a recording's end are left out.
    """

    rate = 16_000

    def __init__(self, model: Network) -> None:
        super().__init__(model)
        self.positions = int(model.config.max_source_positions)
        self.mels = int(model.config.num_mel_bins)

    def forward(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read samples `[batch, samples]` at 16 kHz; samples past the window are cut."""
        step = self.rate // 100 * 2  # samples a token
        window = self.positions * step
        samples = as_samples(values, mask, self.dtype)[:, :window]
        samples = functional.pad(samples, (0, window - samples.shape[1]))
        mels = log_mel(samples, self.rate, self.mels).to(self.dtype)
        hidden = self.model(mels).last_hidden_state
        tokens = (mask.sum(dim=1) + step - 1) // step
        heard = torch.arange(self.positions, device=tokens.device) < tokens[:, None]
        longest = min(self.positions, int(tokens.max()))
        return Tokens(hidden[:, :longest], heard[:, :longest])

    def example(self) -> Features:
        """Return a short tone."""
        return _tone(1600)


def log_mel(samples: Tensor, rate: int, mels: int) -> Tensor:
    """Return Whisper's spectrogram `[batch, mels, frames]` of whole windows; 80 dB below the loudest is silence."""
    power = power_frames(samples, rate=rate, mels=mels, pad="reflect")[:, :-1]
    level = power.clamp(min=1e-10).log10()
    level = torch.maximum(level, level.amax(dim=(1, 2), keepdim=True) - 8.0)
    return ((level + 4.0) / 4.0).transpose(1, 2)


def _tone(samples: int) -> Features:
    tone = torch.sin(torch.arange(samples) * 0.1).unsqueeze(0)
    return Features(tone, torch.ones(1, samples, dtype=torch.bool))

"""The mel filters that speech models were trained on: Slaney's scale, triangles of equal area."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor

__all__ = ["mel_filters", "power_frames"]

_LINEAR, _KNEE, _STEP = 200 / 3, 1000.0, math.log(6.4) / 27  # Hz a mel; Hz; log ratio a mel


@lru_cache(maxsize=8)
def mel_filters(rate: int, window: int, mels: int) -> Tensor:
    """Return float64 `[bins, mels]` for windows of `window` samples at `rate` Hz, from 0 Hz to half the rate."""
    bins = torch.linspace(0.0, rate / 2, window // 2 + 1, dtype=torch.float64)
    top = _KNEE / _LINEAR + math.log(rate / 2 / _KNEE) / _STEP
    mel = torch.linspace(0.0, top, mels + 2, dtype=torch.float64)
    above = _KNEE * torch.exp(_STEP * (mel - _KNEE / _LINEAR))
    edges = torch.where(mel < _KNEE / _LINEAR, mel * _LINEAR, above)  # Hz
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins[:, None] - low) / (middle - low)
    falling = (high - bins[:, None]) / (high - middle)
    return torch.minimum(rising, falling).clamp(min=0.0) * 2.0 / (high - low)


def power_frames(samples: Tensor, *, rate: int, mels: int, pad: str) -> Tensor:
    """Return mel powers `[batch, frames, mels]` of `samples` `[batch, length]`, windows of 25 ms every 10 ms.

    Args:
        samples: at `rate` Hz.
        rate: Hz.
        mels: bands.
        pad: how the ends are filled, so that a frame's middle is its time: `constant` or `reflect`.
    """
    window, hop = rate // 40, rate // 100
    wide = torch.promote_types(samples.dtype, torch.float32)
    with torch.autocast(samples.device.type, enabled=False):
        spectrum = torch.stft(
            samples.to(wide),
            window,
            hop,
            window=torch.hann_window(window, dtype=wide, device=samples.device),
            pad_mode=pad,
            return_complex=True,
        )
        power = spectrum.real.square() + spectrum.imag.square()  # [batch, bins, frames]
        return power.transpose(1, 2) @ mel_filters(rate, window, mels).to(power)

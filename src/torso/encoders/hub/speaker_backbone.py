"""Recordings: the speaker embedding of the package Resemblyzer, in plain torch and batched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.types import Features, Tokens
from torso.encoders.hub._backbone import Backbone, as_samples
from torso.encoders.hub.mel import power_frames

__all__ = ["SpeakerBackbone"]

_HOP, _FRAMES, _STEP = 160, 160, 77  # samples a frame; frames of a part, and from part to part
_COVERED = 0.75  # share of the last part that must be recording
_LEVEL = 10 ** (-30 / 20)  # quieter recordings are raised to it, as a root mean square


class SpeakerBackbone(Backbone):
    """Speaker embedding by a three-layer LSTM, trained with the GE2E loss on 1.6-second parts.

    Wan, Wang, Papir, Lopez Moreno, ICASSP 2018 (https://arxiv.org/abs/1710.10467). One token of unit length per part
    of a recording. Difference to the package: long silences are not cut out (that needs a voice detector).
    """

    rate = 16_000

    def __init__(self) -> None:
        super().__init__()
        self.width = 256
        self.lstm = nn.LSTM(40, 256, num_layers=3, batch_first=True)
        self.linear = nn.Linear(256, 256)

    def forward(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read samples `[batch, samples]` at 16 kHz."""
        samples = as_samples(values, mask, self.linear.weight.dtype)
        lengths = mask.sum(dim=1)
        parts = num_parts(lengths)
        longest = int(parts.max())
        whole = ((longest - 1) * _STEP + _FRAMES) * _HOP
        if samples.shape[1] < whole:
            samples = functional.pad(samples, (0, whole - samples.shape[1]))
        level = (samples.square().sum(dim=1) / lengths).sqrt()  # over the recording only
        louder = (_LEVEL / level.clamp(min=1e-9)).clamp(min=1.0)
        heard = (samples * louder[:, None])[:, : whole + _HOP]
        mels = power_frames(heard, rate=self.rate, mels=40, pad="constant").to(samples.dtype)
        views = mels.unfold(1, _FRAMES, _STEP).transpose(2, 3)[:, :longest]
        there = torch.arange(longest, device=parts.device) < parts[:, None]
        embedded = samples.new_zeros(*there.shape, self.width)
        embedded[there] = self._embed(views[there]).to(embedded.dtype)
        return Tokens(embedded, there)

    def _embed(self, parts: Tensor) -> Tensor:
        """Return `[parts, 256]` of unit length from `[parts, frames, mels]`."""
        hidden = self.lstm(parts)[1][0][-1]
        return functional.normalize(self.linear(hidden).relu(), dim=1, eps=1e-6)

    def blocks(self) -> Sequence[nn.Module]:
        """Return the LSTM and the linear layer."""
        return [self.lstm, self.linear]

    def example(self) -> Features:
        """Return a tenth of a second of a tone."""
        tone = torch.sin(torch.arange(1600) * 0.1).unsqueeze(0)
        return Features(tone, torch.ones(1, 1600, dtype=torch.bool))

    def load_pretrained(self, weights: Mapping[str, Tensor]) -> None:
        """Take weights under their names in the package."""
        wanted = ("lstm.", "linear.")
        self.load_state_dict({k: v for k, v in weights.items() if k.startswith(wanted)})


def num_parts(lengths: Tensor) -> Tensor:
    """Return the number of parts of recordings of so many samples: all that are covered well, at least one."""
    frames = lengths // _HOP + 1
    steps = (frames - _FRAMES + _STEP + 1).clamp(min=1)
    parts = (steps - 1) // _STEP + 1
    covered = lengths - (parts - 1) * _STEP * _HOP
    return torch.where((covered < _COVERED * _FRAMES * _HOP) & (parts > 1), parts - 1, parts)

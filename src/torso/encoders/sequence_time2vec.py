"""Time series: the steps of a sequence, each at its own time, however irregular."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.core.blocks import Block, Pool
from torso.core.ranges import Limits, Range
from torso.core.types import Tokens
from torso.encoders._encoder import Encoder

__all__ = ["SequenceTime2Vec"]


class SequenceTime2Vec(Encoder, form="sequence", name="time2vec"):
    """Transformer over steps whose positions are their times.

    The time of a step and the gap since the one before are embedded as in Kazemi et al., Time2Vec, 2019
    (https://arxiv.org/abs/1907.05321): one linear component, the others `sin(2 pi f t + p)` with learned
    frequencies f and phases p. Differences: frequencies start spread evenly over octaves, from one cycle in two
    typical series to `fastest` in one; a projection of a step's numbers is also turned by its time, each pair of
    channels at a learned frequency of its own (the rotation of Su et al., RoFormer, 2021,
    https://arxiv.org/abs/2104.09864, of values instead of queries and keys). A mean over steps is then a point of
    a spectrum.

    Args:
        dim: token width.
        width: numbers in one step, its time included.
        timed: whether the first number of a step is its time (the column's setting `time: first`).
        frequencies: learned frequencies.
        fastest: cycles per typical series (`time` is in that unit) of the fastest frequency at the start.
        depth: transformer blocks.
        heads: attention heads; default one per 32 channels.
        tokens: tokens kept by attention pooling; 0 keeps one per step.
        dropout: on the steps and the residual branches, in training.
    """

    ragged = True

    def __init__(
        self,
        dim: int,
        width: int,
        timed: bool,
        *,
        frequencies: Annotated[int, Range(8, 128, log=True)] = 32,
        fastest: Annotated[float, Range(2.0, 64.0, log=True), Limits(1.0, 1e12)] = 16.0,
        depth: Annotated[int, Range(1, 8)] = 2,
        heads: int | None = None,
        tokens: int = 1,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
    ) -> None:
        super().__init__()
        if not timed:
            raise ValueError(
                "`sequence/time2vec` reads the time of a step from its first number. Set `time: first` of the input "
                "column if it stands there, or choose the encoder `transformer`."
            )
        self.dim = dim
        self.time = _Time2Vec(frequencies, fastest)
        self.gap = _Time2Vec(frequencies, fastest)
        self.values = nn.Linear(width, dim)
        self.at = nn.Linear(2 * (frequencies + 1), dim)
        self.turned = _Turned(width, dim, fastest)
        self.blocks = nn.ModuleList(Block(dim, heads, dropout=dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.pool = Pool(dim, tokens)
        self.dropout = nn.Dropout(dropout)

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read steps `[batch, length, width]`: a time, then standardised numbers."""
        steps = values.to(self.norm.weight.dtype)
        steps = steps.masked_fill(~mask.unsqueeze(-1), 0.0)
        time = steps[..., :1]
        gap = torch.diff(time, dim=1, prepend=time[:, :1])
        when = torch.cat([self.time(time), self.gap(gap)], dim=-1)
        x = self.values(steps) + self.turned(steps, time) + self.at(when)
        tokens = Tokens(self.dropout(x), mask)
        for block in self.blocks:
            tokens = block(tokens)
        encoded: Tokens = self.pool(Tokens(self.norm(tokens.values), tokens.mask))
        return encoded


class _Time2Vec(nn.Module):
    """Embed a time `[..., 1]` as itself, scaled and moved, and as sines of learned frequency and phase."""

    def __init__(self, frequencies: int, fastest: float) -> None:
        super().__init__()
        self.frequency = nn.Parameter(_octaves(frequencies, fastest))
        self.phase = nn.Parameter(torch.rand(frequencies))
        self.scale = nn.Parameter(torch.ones(1))
        self.start = nn.Parameter(torch.zeros(1))

    def forward(self, time: Tensor) -> Tensor:
        waves = torch.sin(2 * math.pi * (time * self.frequency + self.phase))
        return torch.cat([time * self.scale + self.start, waves], dim=-1)


class _Turned(nn.Module):
    """Project steps to pairs of channels, and turn each pair by the time at a learned frequency."""

    def __init__(self, width: int, dim: int, fastest: float) -> None:
        super().__init__()
        self.odd = dim % 2
        self.frequency = nn.Parameter(_octaves(dim // 2, fastest))
        self.project = nn.Linear(width, 2 * (dim // 2))
        nn.init.normal_(self.project.weight, std=2.0 / width**0.5)  # louder than the times alone

    def forward(self, steps: Tensor, time: Tensor) -> Tensor:
        angle = 2 * math.pi * time * self.frequency
        cos, sin = angle.cos(), angle.sin()
        real, imaginary = self.project(steps).chunk(2, dim=-1)
        return functional.pad(
            torch.cat([real * cos - imaginary * sin, real * sin + imaginary * cos], dim=-1),
            (0, self.odd),
        )


def _octaves(num: int, fastest: float) -> Tensor:
    """Return frequencies from 1/2 to `fastest`, at equal ratios."""
    return torch.logspace(-1.0, math.log2(fastest), num, base=2.0)

"""Recordings: attention over all frames and a convolution over near ones, in every block."""

from __future__ import annotations

from typing import Annotated

from torch import Tensor, nn

from torso.core.blocks import Attention, Pool, feed_forward, positions
from torso.core.ranges import Range
from torso.core.tensors import zeroed
from torso.core.types import Tokens
from torso.encoders._augment import SpecMask, TimeShift
from torso.encoders._encoder import Encoder
from torso.encoders._frames import MaskedConv

__all__ = ["AudioConformer"]


class AudioConformer(Encoder, form="audio", name="conformer"):
    """Convolution-augmented transformer over log-mel frames, small.

    Gulati et al., "Conformer", Interspeech 2020 (https://arxiv.org/abs/2005.08100): two strided convolutions,
    then blocks of half a feed-forward layer, self-attention, a gated depthwise convolution and another half.
    Differences: each frame is normalised over its own channels instead of over the batch, and frames past the end
    are zeroed before every convolution, so padding changes nothing; fixed absolute positions instead of relative
    ones; one-dimensional convolutions at the start.

    Args:
        dim: token width, and that of the blocks.
        mels: mel bands of a frame.
        depth: conformer blocks.
        heads: attention heads; default one per 32 channels.
        kernel: frames, at a quarter of the rate, that a depthwise convolution sees.
        tokens: tokens kept by attention pooling; 0 keeps one per four frames.
        dropout: on the residual branches, in training.
        hide: widest band and stretch hidden in training, as a share (see `SpecMask`); 0 for none.
        shift: longest move in time in training, as a share of a recording (see `TimeShift`); 0 for none.
    """

    ragged = True

    def __init__(
        self,
        dim: int,
        mels: int,
        *,
        depth: Annotated[int, Range(1, 8)] = 2,
        heads: int | None = None,
        kernel: int = 15,
        tokens: int = 1,
        dropout: Annotated[float, Range(0.0, 0.5)] = 0.1,
        hide: Annotated[float, Range(0.0, 0.4)] = 0.15,
        shift: Annotated[float, Range(0.0, 0.5)] = 0.0,
    ) -> None:
        super().__init__()
        self.dim = dim
        self.shift = TimeShift(shift)
        self.hide = SpecMask(hide)
        self.subsample = nn.ModuleList([MaskedConv(mels, dim, 3, 2), MaskedConv(dim, dim, 3, 2)])
        self.project = nn.Linear(dim, dim)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(_Block(dim, heads, kernel, dropout) for _ in range(depth))
        self.pool = Pool(dim, tokens)

    def encode(self, values: Tensor, mask: Tensor, /) -> Tokens:
        """Read log-mel frames `[batch, frames, mels]`."""
        x = values.to(self.project.weight.dtype)
        x = self.hide(self.shift(x, mask), mask)
        for conv in self.subsample:
            x, mask = conv(x, mask)
        x = self.project(x)
        tokens = Tokens(self.dropout(x + positions(x.shape[1], self.dim, x)), mask)
        for block in self.blocks:
            tokens = block(tokens)
        encoded: Tokens = self.pool(tokens)
        return encoded


class _Block(nn.Module):
    """Half a feed-forward layer, attention, convolution, half a feed-forward layer, all residual; then a norm."""

    def __init__(self, dim: int, heads: int | None, kernel: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.LayerNorm(dim), feed_forward(dim, 2.0))
        self.norm_attention = nn.LayerNorm(dim)
        self.attention = Attention(dim, heads)
        self.conv = _GatedConv(dim, kernel)
        self.last = nn.Sequential(nn.LayerNorm(dim), feed_forward(dim, 2.0))
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tokens) -> Tokens:
        x, mask = zeroed(tokens), tokens.mask
        x = x + 0.5 * self.dropout(self.first(x))
        normed = self.norm_attention(x)
        x = x + self.dropout(self.attention(normed, normed, mask))
        x = x + self.dropout(self.conv(x, mask))
        x = x + 0.5 * self.dropout(self.last(x))
        return Tokens(self.norm(x), mask)


class _GatedConv(nn.Module):
    """Pointwise with a gate, depthwise over `kernel` frames, norm, swish, pointwise."""

    def __init__(self, dim: int, kernel: int) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"Parameter `kernel` should be odd. Found {kernel}.")
        self.enter = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GLU())
        self.depthwise = nn.Conv1d(dim, dim, kernel, padding=kernel // 2, groups=dim)
        self.leave = nn.Sequential(nn.LayerNorm(dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = self.enter(x).masked_fill(~mask.unsqueeze(-1), 0.0).transpose(1, 2)
        out: Tensor = self.leave(self.depthwise(x).transpose(1, 2))
        return out

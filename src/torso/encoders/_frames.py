"""A convolution over the frames of recordings that ignores padding."""

from __future__ import annotations

from torch import Tensor, nn

__all__ = ["MaskedConv"]


class MaskedConv(nn.Module):
    """Convolution, per-frame normalisation and activation, blind to padding.

    Args:
        before: channels of a frame.
        after: channels that come out.
        kernel: frames seen at once, an odd number.
        stride: frames from one output to the next.
    """

    def __init__(self, before: int, after: int, kernel: int, stride: int) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"Parameter `kernel` should be odd. Found {kernel}.")
        self.stride = stride
        self.conv = nn.Conv1d(before, after, kernel, stride=stride, padding=kernel // 2)
        self.norm = nn.LayerNorm(after)
        self.activation = nn.GELU()

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return `[batch, frames / stride, after]` and its mask."""
        x = x.masked_fill(~mask.unsqueeze(-1), 0.0).transpose(1, 2)
        x = self.conv(x).transpose(1, 2)  # [batch, frames / stride, after]
        return self.activation(self.norm(x)), mask[:, :: self.stride][:, : x.shape[1]]

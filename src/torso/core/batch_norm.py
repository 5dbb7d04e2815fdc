"""Batch normalisation that may count the rows of all processes of a training."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch import distributed as dist

__all__ = ["BatchNorm2d"]


class BatchNorm2d(nn.BatchNorm2d):
    """PyTorch's, with statistics over the rows of all processes where it is told so.

    `nn.SyncBatchNorm` does the same on graphics cards alone.

    Attributes:
        together: in training, count the rows of all processes of torch's default group. All of them then have to call
            this layer, on no rows if need be.
    """

    together: bool = False

    def forward(self, x: Tensor) -> Tensor:
        """Return `[batch, channels, height, width]`, each channel with mean 0 and variance 1 before scale and shift."""
        if not (self.together and self.training):
            return super().forward(x)
        axes = (0, 2, 3)
        count = x.new_full((1,), x.numel() // x.shape[1], dtype=torch.float32)
        sums = _total(torch.cat([x.sum(axes), count]))
        rows = sums[-1:].detach().clamp(min=1.0)
        centred = x - (mean := sums[:-1] / rows)[:, None, None]
        variance = _total(centred.square().sum(axes)) / rows
        if self.running_mean is not None and self.running_var is not None:
            with torch.no_grad():
                assert self.num_batches_tracked is not None and self.momentum is not None
                self.num_batches_tracked += 1
                unbiased = variance * (rows / (rows - 1).clamp(min=1.0))
                self.running_mean.lerp_(mean.detach(), self.momentum)
                self.running_var.lerp_(unbiased, self.momentum)
        factor = self.weight / (variance + self.eps).sqrt()
        scaled: Tensor = centred * factor[:, None, None] + self.bias[:, None, None]
        return scaled


def _total(values: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(values)  # type: ignore[no-untyped-call]
    return total


class _Sum(torch.autograd.Function):
    """The sum over all processes; gradients are summed likewise on the way back."""

    @staticmethod
    def forward(_: object, values: Tensor) -> Tensor:
        total = values.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_: object, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total

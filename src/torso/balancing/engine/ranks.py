"""One step over several processes: losses of the whole batch, and gradients averaged over the processes.

`DistributedDataParallel` expects one backward pass, so it does not work with one pass per task. The model is
not wrapped, and the balancer averages the gradients that it adds to `.grad`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch import distributed as dist

__all__ = ["average", "losses_over_ranks"]


def losses_over_ranks(
    losses: Tensor, counts: Tensor, group: dist.ProcessGroup | None = None
) -> tuple[Tensor, Tensor]:
    """Return the mean losses of the whole batch `[tasks]`, and bool `[tasks]`: a label in any process.

    The values are the same in every process. The mean of the gradients over the processes is the gradient of
    the whole batch, however the labels are spread.

    Args:
        losses: `[tasks]`, means over this process's labelled rows, with their graph; any finite number for a
            task without labels.
        counts: `[tasks]`, labelled rows of this process, or the sum of their weights.
        group: the process group; default: all processes.
    """
    total = counts.to(losses.dtype)
    dist.all_reduce(total, group=group)
    share = counts.to(losses.dtype) / total.clamp(min=1e-12)
    local = torch.where(counts > 0, losses, losses * 0.0) * share
    whole = local.detach().clone()
    dist.all_reduce(whole, group=group)
    # The value is the whole batch's, the gradient this process's; times the processes, since a mean follows.
    local = local * dist.get_world_size(group)
    return local + (whole - local).detach(), total > 0


def average(tensors: Sequence[Tensor], group: dist.ProcessGroup | None) -> None:
    """Replace each tensor by its mean over the processes, in one message per dtype."""
    for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
        same = [tensor for tensor in tensors if tensor.dtype == dtype]
        flat = torch.cat([tensor.flatten() for tensor in same])
        dist.all_reduce(flat, group=group)
        flat /= dist.get_world_size(group)
        parts = torch.split(flat, [tensor.numel() for tensor in same])
        for tensor, part in zip(same, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

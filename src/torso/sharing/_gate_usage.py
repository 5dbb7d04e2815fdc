"""Each task's use of each expert in the last training batches, for the log."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["GateUsage", "row_shares"]

_NEWEST = 0.05
"""Weight of the newest batch in the running mean: about the last 20 batches count."""


class GateUsage(nn.Module):
    """A running mean of gates; it takes no part in the outputs.

    Args:
        tasks: number of tasks.
        sources: number of experts or nodes that the tasks choose from.
    """

    mean: Tensor

    def __init__(self, tasks: int, sources: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(tasks, sources))

    def update(self, gates: Tensor) -> None:
        """Add a training batch's gates `[tasks, batch, sources]` to the mean; do nothing in evaluation."""
        if self.training and gates.shape[1]:  # the mean over no rows would be NaN
            newest = gates.detach().mean(dim=1).to(self.mean.dtype)
            self.mean.lerp_(newest, _NEWEST)

    def shares(self, tasks: Sequence[str], sources: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return task -> source -> share; empty before the first training batch."""
        return row_shares(self.mean, tasks, sources) if bool(self.mean.any()) else {}


def row_shares(
    weights: Tensor, tasks: Sequence[str], sources: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return task -> source -> its share of the row's absolute sum, from `[tasks, sources]`.

    >>> row_shares(torch.tensor([[3.0, -1.0]]), ["a"], ["x", "y"])
    {'a': {'x': 0.75, 'y': 0.25}}
    """
    sizes = weights.detach().abs().double()
    # A row of zeros gives shares of zero instead of NaN.
    sizes = sizes / sizes.sum(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)
    rows = (dict(zip(sources, row, strict=True)) for row in sizes.tolist())
    return dict(zip(tasks, rows, strict=True))

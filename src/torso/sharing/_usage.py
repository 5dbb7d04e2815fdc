"""What the gates did in the last training batches, for the log."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["Usage", "shares"]

_NEWEST = 0.05
"""Weight of the newest batch in the running mean."""


class Usage(nn.Module):
    """A running mean of gates; it has no part in the outputs.

    Args:
        tasks: number of tasks.
        sources: number of experts or nodes they choose from.
    """

    mean: Tensor

    def __init__(self, tasks: int, sources: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(tasks, sources))

    def note(self, gates: Tensor) -> None:
        """Take in the gates of a batch, `[tasks, batch, sources]`; nothing outside training or from no rows."""
        if self.training and gates.shape[1]:
            newest = gates.detach().mean(dim=1).to(self.mean.dtype)
            self.mean.lerp_(newest, _NEWEST)

    def shares(self, tasks: Sequence[str], sources: Sequence[str]) -> dict[str, dict[str, float]]:
        """Return task -> source -> share; empty before the first training batch."""
        return shares(self.mean, tasks, sources) if bool(self.mean.any()) else {}


def shares(
    weights: Tensor, tasks: Sequence[str], sources: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Return task -> source -> share of the row's sum of sizes, from `[tasks, sources]`.

    >>> shares(torch.tensor([[3.0, -1.0]]), ["a"], ["x", "y"])
    {'a': {'x': 0.75, 'y': 0.25}}
    """
    sizes = weights.detach().abs().double()
    sizes = sizes / sizes.sum(dim=1, keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)
    rows = (dict(zip(sources, row, strict=True)) for row in sizes.tolist())
    return dict(zip(tasks, rows, strict=True))

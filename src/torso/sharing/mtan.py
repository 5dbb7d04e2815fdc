"""MTAN: one shared tower. Each task reads its layers through soft masks of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._batched_layers import BatchedLinear
from torso.sharing._checks import check_int
from torso.sharing._sharing import Sharing

__all__ = ["MTAN"]


class MTAN(Sharing, name="mtan"):
    """Each task masks the layers of one shared tower, by masks computed from the layers.

    From Liu, Johns, Davison, CVPR 2019, "End-to-End Multi-Task Learning with Attention"
    (https://arxiv.org/abs/1803.10704), equations 1 and 2: block j of the shared tower has a first half u and a
    second half p; task k's mask is `a_j = sigmoid(h_k(g_k([u_j; f(â_(j-1))])))`, with g, h layers of the task
    and f shared, and its features are `â_j = a_j * p_j`. The first mask is made from u alone.

    Differs: layers instead of convolutions; no pooling; no batch normalisation, since rows must not depend on
    each other. As in the authors' residual network, no f comes after the last mask.

    Args:
        dim: width of the fused tokens and of the tower.
        blocks: number of blocks of the shared tower, two ReLU layers each.
    """

    law_settings = ({"blocks": 3},)

    def __init__(
        self, tasks: Sequence[str], dim: int, *, blocks: Annotated[int, Range(1, 4)] = 2
    ) -> None:
        super().__init__(tasks, dim)
        count = len(self.tasks)
        check_int("blocks", blocks)
        relu_gain = 2**0.5
        self.first = nn.ModuleList(
            BatchedLinear(1, dim, dim, gain=relu_gain) for _ in range(blocks)
        )
        self.second = nn.ModuleList(
            BatchedLinear(1, dim, dim, gain=relu_gain) for _ in range(blocks)
        )
        self.between = nn.ModuleList(
            BatchedLinear(1, dim, dim, gain=relu_gain) for _ in range(blocks - 1)
        )
        self.g = nn.ModuleList(
            BatchedLinear(count, dim if block == 0 else 2 * dim, dim, private=True, gain=relu_gain)
            for block in range(blocks)
        )
        self.h = nn.ModuleList(BatchedLinear(count, dim, dim, private=True) for _ in range(blocks))

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return each task's masked features of the last block."""
        p = masked_mean(fused["shared"])
        masked = p
        for block, (first, second) in enumerate(zip(self.first, self.second, strict=True)):
            u = first(p).relu().squeeze(0)  # [batch, dim]
            p = second(u).relu().squeeze(0)
            inputs = u
            if block:
                before = self.between[block - 1](masked.flatten(0, 1)).relu().view_as(masked)
                inputs = torch.cat([u.expand_as(before), before], dim=2)  # [tasks, batch, 2 * dim]
            masked = self.h[block](self.g[block](inputs).relu()).sigmoid() * p
        return dict(zip(self.tasks, masked, strict=True))

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield the tower and f."""
        if len(self.tasks) > 1:
            for layers in (self.first, self.second, self.between):
                yield from layers.parameters()

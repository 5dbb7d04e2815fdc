"""Task-conditioned LoRA: each task changes the weights of shared layers by a matrix of low rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from torch import Tensor, nn

from torso.core.ranges import Range
from torso.sharing._batched_layers import BatchedLinear
from torso.sharing._checks import check_int, check_number
from torso.sharing._task_conditioned import TaskConditioned

__all__ = ["LoRA"]


class LoRA(TaskConditioned, name="lora"):
    """Shared layers with weights that each task changes by a matrix of low rank.

    Task k reads `relu(W x + b + s B_k A_k x)`.

    From Hu et al., ICLR 2022, "LoRA: Low-Rank Adaptation of Large Language Models" (https://arxiv.org/abs/2106.09685),
    with `s = alpha / rank` and B zero at first, and a pair of matrices per task as in MTL-LoRA
    (https://arxiv.org/abs/2410.09437). Differs: the shared layers are trained together with the deltas instead of
    frozen; MTL-LoRA's matrix between A and B and its several shared B are left out.

    Args:
        rank: rank of the deltas.
        alpha: scale of the deltas, divided by the rank.
    """

    law_settings = ({"layers": 1}, {"layers": 3})

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        *,
        layers: Annotated[int, Range(1, 4)] = 2,
        rank: Annotated[int, Range(1, 32, log=True)] = 4,
        alpha: Annotated[float, Range(1.0, 64.0, log=True)] = 8.0,
    ) -> None:
        super().__init__(tasks, dim, layers)
        count = len(self.tasks)
        self.scale = check_number("alpha", alpha, zero=False) / check_int("rank", rank)
        self.a = nn.ModuleList(
            BatchedLinear(count, dim, rank, private=True, bias=False) for _ in range(layers)
        )
        self.b = nn.ModuleList(
            BatchedLinear(count, rank, dim, private=True, bias=False, gain=0.0)
            for _ in range(layers)
        )

    def modulate(self, layer: int, x: Tensor, y: Tensor) -> Tensor:
        """Return the ReLU of `y` plus the deltas."""
        low = self.a[layer](x.squeeze(0) if len(x) == 1 else x)  # [tasks, batch, rank]
        changed: Tensor = (y + self.scale * self.b[layer](low)).relu()
        return changed

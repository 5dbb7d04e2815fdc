"""Task adapters: each task adds a small residual bottleneck after every shared layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from torch import Tensor, nn

from torso.core.ranges import Range
from torso.sharing._batched_layers import BatchedLinear
from torso.sharing._checks import check_int
from torso.sharing._task_conditioned import TaskConditioned

__all__ = ["Adapters"]


class Adapters(TaskConditioned, name="adapters"):
    """Shared layers, each followed by one small residual bottleneck per task.

    After each layer task k reads `h + U_k relu(D_k h)`.

    From Houlsby et al., ICML 2019, "Parameter-Efficient Transfer Learning for NLP" (https://arxiv.org/abs/1902.00751),
    and Rebuffi, Bilen, Vedaldi, NeurIPS 2017 (https://arxiv.org/abs/1705.08045), the residual adapters. Differs:
    the shared layers, ReLU layers here, are trained together with the adapters instead of frozen; U is zero at
    first instead of small.

    Args:
        layers: number of shared layers, each followed by adapters.
        bottleneck: width inside an adapter.
    """

    law_settings = ({"layers": 1}, {"layers": 3})

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        *,
        layers: Annotated[int, Range(1, 4)] = 2,
        bottleneck: Annotated[int, Range(2, 64, log=True)] = 8,
    ) -> None:
        super().__init__(tasks, dim, layers)
        count = len(self.tasks)
        check_int("bottleneck", bottleneck)
        self.down = nn.ModuleList(
            BatchedLinear(count, dim, bottleneck, private=True, gain=2**0.5) for _ in range(layers)
        )
        self.up = nn.ModuleList(
            BatchedLinear(count, bottleneck, dim, private=True, gain=0.0) for _ in range(layers)
        )

    def modulate(self, layer: int, x: Tensor, y: Tensor) -> Tensor:
        """Return the ReLU of `y` plus the adapters' output."""
        del x
        y = y.relu()
        inputs = y.squeeze(0) if len(y) == 1 else y
        adapted: Tensor = y + self.up[layer](self.down[layer](inputs).relu())
        return adapted

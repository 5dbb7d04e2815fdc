"""Shared layers that each task changes by a few numbers of its own: adapters, LoRA, FiLM.

At first no task changes anything, so the model starts as `hard` with the same layers.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from torch import Tensor, nn

from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._batched_layers import BatchedLinear
from torso.sharing._checks import check_int
from torso.sharing._sharing import Sharing

__all__ = ["TaskConditioned"]


class TaskConditioned(Sharing):
    """Base of the sharings with shared ReLU layers and each task's own parameters inside them.

    Args:
        dim: width of the fused tokens and of the layers.
        layers: number of shared layers.
    """

    def __init__(self, tasks: Sequence[str], dim: int, layers: int) -> None:
        super().__init__(tasks, dim)
        check_int("layers", layers)
        self.layers = nn.ModuleList(BatchedLinear(1, dim, dim, gain=2**0.5) for _ in range(layers))

    @abstractmethod
    def modulate(self, layer: int, x: Tensor, y: Tensor) -> Tensor:
        """Return a layer's output `[tasks, batch, dim]` for each task.

        Args:
            layer: index, from 0.
            x: the shared layer's input, `[tasks or 1, batch, dim]`.
            y: its output before the ReLU, of the same shape.
        """

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return each task's vector."""
        # The leading axis is 1, the same for all tasks, up to the first modulation.
        x = masked_mean(fused["shared"]).unsqueeze(0)
        for index, layer in enumerate(self.layers):
            y = layer(x.flatten(0, 1)).view_as(x)
            x = self.modulate(index, x, y)
        return dict(zip(self.tasks, x, strict=True))

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield the layers; the parameters that change them belong to their task."""
        return self.layers.parameters() if len(self.tasks) > 1 else ()

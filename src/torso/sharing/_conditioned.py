"""Shared layers that each task bends by a few numbers of its own: the family of adapters, LoRA and FiLM.

At first no task bends anything, so the model starts as `hard` with the same layers.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence

from torch import Tensor, nn

from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._checks import whole
from torso.sharing._sharing import Sharing
from torso.sharing._stacked import Stacked

__all__ = ["Conditioned"]


class Conditioned(Sharing):
    """Base of the sharings with shared ReLU layers and parameters of each task's own inside them.

    Args:
        tasks: names of all tasks.
        dim: width of the fused tokens and of the layers.
        layers: how many.
    """

    def __init__(self, tasks: Sequence[str], dim: int, layers: int) -> None:
        super().__init__(tasks, dim)
        whole("layers", layers)
        self.layers = nn.ModuleList(Stacked(1, dim, dim, gain=2**0.5) for _ in range(layers))

    @abstractmethod
    def bend(self, layer: int, x: Tensor, y: Tensor) -> Tensor:
        """Return a layer's output `[tasks, batch, dim]` for each task.

        Args:
            layer: counts from 0.
            x: what the shared layer was given, `[tasks or 1, batch, dim]`.
            y: what it makes of it, before the ReLU, of the same shape.
        """

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return each task's vector."""
        x = masked_mean(fused["shared"]).unsqueeze(0)  # the same for all tasks up to the first bend
        for number, layer in enumerate(self.layers):
            y = layer(x.flatten(0, 1)).view_as(x)
            x = self.bend(number, x, y)
        return dict(zip(self.tasks, x, strict=True))

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield the layers; what bends them belongs to its task."""
        return self.layers.parameters() if len(self.tasks) > 1 else ()

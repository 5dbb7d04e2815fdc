"""A tower per task, and after each of its layers a unit that mixes the towers: the family of cross-stitch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._checks import choice, whole
from torso.sharing._sharing import Sharing
from torso.sharing._stacked import Stacked
from torso.sharing._usage import shares

__all__ = ["Columns", "Unit"]


class Unit(nn.Module, ABC):
    """Mixes the towers `[tasks, batch, dim]`; what makes one task's tower is parameters of its own."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return the mixed towers `[tasks, batch, dim]`."""

    @abstractmethod
    def sizes(self) -> Tensor:
        """Return how much each task takes from each tower, `[tasks, tasks]`."""


class Columns(Sharing):
    """Base of the sharings with a tower per task and mixing units.

    Everything is shared, for a tower's layer is read by all through the next unit, but for what each task's
    part of the last unit adds.

    Args:
        tasks: names of all tasks.
        dim: width of the fused tokens and of the towers.
        layers: of each tower.
        make: returns the unit that follows a layer.
        level: `layer`: towers above one trunk; `trunk`: each tower stands on a trunk of its own.
    """

    pairwise: ClassVar[bool] = True

    def __init__(
        self, tasks: Sequence[str], dim: int, layers: int, make: Callable[[], Unit], level: str
    ) -> None:
        super().__init__(tasks, dim)
        count = whole("layers", layers)
        self.own_trunks = choice("level", level, ("layer", "trunk")) == "trunk"
        self.layers = nn.ModuleList(
            Stacked(len(self.tasks), dim, dim, gain=2**0.5) for _ in range(count)
        )
        self.units = nn.ModuleList(make() for _ in range(count))

    def trunks(self) -> dict[str, tuple[str, ...]]:
        """Return one trunk for all, or one per task that all read."""
        return dict.fromkeys(self.tasks if self.own_trunks else ["shared"], self.tasks)

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return each task's vector."""
        found = [masked_mean(fused[name]) for name in self.trunks()]
        x = torch.stack(found) if self.own_trunks else found[0]
        stages = []
        for layer, unit in zip(self.layers, self.units, strict=True):
            x = unit(layer(x).relu())
            stages.append(x)
        return dict(zip(self.tasks, self.read(stages), strict=True))

    def read(self, stages: Sequence[Tensor]) -> Tensor:
        """Return what the tasks read, `[tasks, batch, dim]`, of what each layer gave them. Default: the last."""
        return stages[-1]

    def shared_parameters(self) -> Iterable[nn.Parameter]:
        """Yield the towers, and all units but the last."""
        if len(self.tasks) > 1:
            yield from self.layers.parameters()
            for unit in self.units[:-1]:
                yield from unit.parameters()

    def mixing(self) -> Mapping[str, Mapping[str, float]]:
        """Return the sizes of the mixing weights, mean over the layers."""
        sizes = torch.stack(
            [unit.sizes().detach() for unit in self.units if isinstance(unit, Unit)]
        )
        sizes = sizes / sizes.sum(dim=2, keepdim=True).clamp(min=torch.finfo(sizes.dtype).tiny)
        return shares(sizes.mean(dim=0), self.tasks, self.tasks)

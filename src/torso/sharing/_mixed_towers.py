"""A tower per task, and a unit that mixes the towers after each layer: cross-stitch, NDDR, sluice."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from torso.core.tensors import masked_mean
from torso.core.types import Tokens
from torso.sharing._batched_layers import BatchedLinear
from torso.sharing._checks import check_choice, check_int
from torso.sharing._gate_usage import row_shares
from torso.sharing._sharing import Sharing

__all__ = ["MixedTowers", "MixingUnit"]


class MixingUnit(nn.Module, ABC):
    """Mixes the towers `[tasks, batch, dim]`. Each task's part of it has parameters of its own."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return the mixed towers `[tasks, batch, dim]`."""

    @abstractmethod
    def sizes(self) -> Tensor:
        """Return how much each task takes from each tower, `[tasks, tasks]`."""


class MixedTowers(Sharing):
    """Base of the sharings with a tower per task and mixing units.

    Through the next unit every task reads a tower's layer, so nearly all parameters are shared. Only each
    task's part of the last unit is its own.

    Args:
        dim: width of the fused tokens and of the towers.
        layers: layers of each tower.
        make_unit: returns the unit that follows a layer.
        level: `layer`: towers above one trunk; `trunk`: each tower stands on a trunk of its own.
    """

    pairwise: ClassVar[bool] = True

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        layers: int,
        make_unit: Callable[[], MixingUnit],
        level: str,
    ) -> None:
        super().__init__(tasks, dim)
        count = check_int("layers", layers)
        self.own_trunks = check_choice("level", level, ("layer", "trunk")) == "trunk"
        self.layers = nn.ModuleList(
            BatchedLinear(len(self.tasks), dim, dim, gain=2**0.5) for _ in range(count)
        )
        self.units = nn.ModuleList(make_unit() for _ in range(count))

    def trunks(self) -> dict[str, tuple[str, ...]]:
        """Return one trunk for all tasks, or one per task; all tasks read each."""
        return dict.fromkeys(self.tasks if self.own_trunks else ["shared"], self.tasks)

    def forward(self, fused: Mapping[str, Tokens], /) -> dict[str, Tensor]:
        """Return each task's vector."""
        vectors = [masked_mean(fused[name]) for name in self.trunks()]
        x = torch.stack(vectors) if self.own_trunks else vectors[0]
        stages = []
        for layer, unit in zip(self.layers, self.units, strict=True):
            x = unit(layer(x).relu())
            stages.append(x)
        return dict(zip(self.tasks, self.read(stages), strict=True))

    def read(self, stages: Sequence[Tensor]) -> Tensor:
        """Return the tasks' vectors `[tasks, batch, dim]` from the output of each layer. Default: the last."""
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
            [unit.sizes().detach() for unit in self.units if isinstance(unit, MixingUnit)]
        )
        # A task whose weights are all zero gets shares of zero instead of NaN.
        sizes = sizes / sizes.sum(dim=2, keepdim=True).clamp(min=torch.finfo(sizes.dtype).tiny)
        return row_shares(sizes.mean(dim=0), self.tasks, self.tasks)

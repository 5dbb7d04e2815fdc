"""Cross-stitch: a tower per task; after each layer, every task takes a learned combination of all towers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor

from torso.core.ranges import Range
from torso.sharing._checks import check_number
from torso.sharing._mixed_towers import MixedTowers, MixingUnit
from torso.sharing._parameter_rows import ParameterRows

__all__ = ["CrossStitch", "Stitch"]


class Stitch(MixingUnit):
    """`x_k <- sum_j a_kj x_j` over all pairs of (tower, subspace).

    Args:
        tasks: number of towers.
        subspaces: equal parts of a tower's channels.
        own: first weight of a part for itself; the others share the rest to one.
    """

    def __init__(self, tasks: int, subspaces: int, own: float) -> None:
        super().__init__()
        self.tasks, self.subspaces = tasks, subspaces
        parts = tasks * subspaces
        others = (1.0 - own) / max(parts - 1, 1)
        first = torch.full((parts, parts), others).fill_diagonal_(own if parts > 1 else 1.0)
        # Flat, since weight decay goes by the number of dimensions and should spare them.
        self.rows = ParameterRows(row.clone() for row in first.view(tasks, -1))

    def matrix(self) -> Tensor:
        """Return the weights `[tasks * subspaces, tasks * subspaces]`, one row per part that comes out."""
        parts = self.tasks * self.subspaces
        return self.rows.stacked().view(parts, parts)

    def forward(self, x: Tensor) -> Tensor:
        """Return the mixed towers."""
        batch = x[0].shape[0]
        parts = torch.unflatten(x, 2, (self.subspaces, -1)).transpose(1, 2).flatten(0, 1).flatten(1)
        mixed = (self.matrix() @ parts).view(self.tasks, self.subspaces, batch, -1)
        return mixed.transpose(1, 2).flatten(2)

    def sizes(self) -> Tensor:
        """Return the sum of the absolute weights over the subspaces."""
        parts = (self.tasks, self.subspaces)
        return self.matrix().abs().view(*parts, *parts).sum(dim=(1, 3))


class CrossStitch(MixedTowers, name="cross_stitch"):
    """A tower per task, and after each layer a learned linear combination of all towers.

    From Misra, Shrivastava, Gupta, Hebert, CVPR 2016, "Cross-stitch Networks for Multi-task Learning"
    (https://arxiv.org/abs/1604.03539), equation 1 for any number of tasks: `x_k <- sum_j a_kj x_j`, with
    `a_kk = 0.9` at first and the rest of one for the others.

    Differs: the towers are ReLU layers above one trunk, or above one trunk per task (`level: trunk`); the `a` have
    the common learning rate, where the paper gives them a larger one. Every task reads every tower, so all
    parameters are shared but those of the last unit, which belong to their task.

    Args:
        layers: number of layers of each tower, each followed by a mixing unit.
        own: first weight of a task's own tower.
    """

    law_settings = ({"level": "trunk"}, {"layers": 1}, {"layers": 3})

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        *,
        layers: Annotated[int, Range(1, 4)] = 2,
        own: Annotated[float, Range(0.5, 1.0)] = 0.9,
        level: Literal["layer", "trunk"] = "layer",
    ) -> None:
        check_number("own", own)
        super().__init__(tasks, dim, layers, lambda: Stitch(len(tasks), 1, own), level)

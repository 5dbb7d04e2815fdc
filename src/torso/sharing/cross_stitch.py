"""Cross-stitch: a tower per task; after each layer, every task takes a learned combination of all towers."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from torso.sharing._apart import Apart
from torso.sharing._checks import number
from torso.sharing._columns import Columns, Unit

__all__ = ["CrossStitch", "Stitch"]


class Stitch(Unit):
    """`x_k <- sum_j a_kj x_j`, with as many numbers as pairs of (tower, subspace).

    Args:
        tasks: number of towers.
        subspaces: equal parts of a tower's channels.
        own: what a part takes of itself at first; the others share the rest to one.
    """

    def __init__(self, tasks: int, subspaces: int, own: float) -> None:
        super().__init__()
        self.tasks, self.subspaces = tasks, subspaces
        parts = tasks * subspaces
        others = (1.0 - own) / max(parts - 1, 1)
        first = torch.full((parts, parts), others).fill_diagonal_(own if parts > 1 else 1.0)
        self.rows = Apart(row.clone() for row in first.view(tasks, -1))  # flat: not decayed

    def matrix(self) -> Tensor:
        """Return `[tasks * subspaces, tasks * subspaces]`, a row for each part that comes out."""
        parts = self.tasks * self.subspaces
        return self.rows.stacked().view(parts, parts)

    def forward(self, x: Tensor) -> Tensor:
        """Return the mixed towers."""
        rows = x[0].shape[0]
        parts = torch.unflatten(x, 2, (self.subspaces, -1)).transpose(1, 2).flatten(0, 1).flatten(1)
        mixed = (self.matrix() @ parts).view(self.tasks, self.subspaces, rows, -1)
        return mixed.transpose(1, 2).flatten(2)

    def sizes(self) -> Tensor:
        """Return the sum of the sizes over subspaces."""
        parts = (self.tasks, self.subspaces)
        return self.matrix().abs().view(*parts, *parts).sum(dim=(1, 3))


class CrossStitch(Columns, name="cross_stitch"):
    """A tower per task, and after each layer a learned linear combination of all towers.

    Misra, Shrivastava, Gupta, Hebert, CVPR 2016, "Cross-stitch Networks for Multi-task Learning"
    (https://arxiv.org/abs/1604.03539), equation 1 for any number of tasks: `x_k <- sum_j a_kj x_j`, with
    `a_kk = 0.9` at first and the rest of one for the others.

    How we differ: the towers are ReLU layers above one trunk, or above a trunk for each task (`level: trunk`);
    the `a` have the learning rate of everything else, where the paper gives them a larger one. All parameters
    are shared, for every tower is read by every task, but for the last unit's: those are each task's own.

    Args:
        tasks: names of all tasks.
        dim: width of the fused tokens and of the towers.
        layers: of each tower, with a unit after each.
        own: what a task takes of its own tower at first.
        level: `layer`: towers above one trunk; `trunk`: each tower stands on a trunk of its own.
    """

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        *,
        layers: int = 2,
        own: float = 0.9,
        level: str = "layer",
    ) -> None:
        number("own", own)
        super().__init__(tasks, dim, layers, lambda: Stitch(len(tasks), 1, own), level)

"""NDDR: a tower per task. After each layer a linear layer over all towers gives each task's features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor

from torso.core.ranges import Range
from torso.sharing._batched_layers import BatchedLinear
from torso.sharing._checks import check_number
from torso.sharing._mixed_towers import MixedTowers, MixingUnit

__all__ = ["NDDR"]


class Reduction(MixingUnit):
    """`x_k <- relu(W_k [x_1; ...; x_K] + b_k)`.

    Args:
        tasks: number of towers.
        dim: width of a tower.
        own: first diagonal of a task's own block; the other blocks share the rest to one.
    """

    def __init__(self, tasks: int, dim: int, own: float) -> None:
        super().__init__()
        self.tasks = tasks
        self.layer = BatchedLinear(tasks, tasks * dim, dim, private=True)
        first = torch.full((tasks, tasks), (1.0 - own) / max(tasks - 1, 1))
        first.fill_diagonal_(own if tasks > 1 else 1.0)
        with torch.no_grad():
            for weight, row in zip(self.layer.weights, first, strict=True):
                weight.copy_(torch.kron(row.unsqueeze(0), torch.eye(dim)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the mixed towers."""
        mixed: Tensor = self.layer(x.transpose(0, 1).flatten(1)).relu()
        return mixed

    def sizes(self) -> Tensor:
        """Return the Frobenius norms of the blocks."""
        return (
            torch.unflatten(self.layer.weight(), 2, (self.tasks, -1))
            .square()
            .sum(dim=(1, 3))
            .sqrt()
        )


class NDDR(MixedTowers, name="nddr"):
    """A tower per task, and after each layer a linear layer per task over all towers' features.

    From Gao, Ma, Zhao, Liu, Yuille, CVPR 2019, "NDDR-CNN: Layerwise Feature Fusing in Multi-Task CNNs by Neural
    Discriminative Dimensionality Reduction" (https://arxiv.org/abs/1801.08297): the towers' features are
    concatenated and a 1x1 convolution brings them back to the width of one tower. At first it takes 0.9 times
    the task's own features, and the rest of one from the others. With diagonal blocks it would be cross-stitch.

    Differs: no batch normalisation between the layer and its ReLU, since rows must not depend on each other;
    towers as in `cross_stitch`. All parameters but those of the last unit are shared.

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
        super().__init__(tasks, dim, layers, lambda: Reduction(len(tasks), dim, own), level)

"""Sluice network: cross-stitch between subspaces of the towers. Each task mixes the layers it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from torso.core.ranges import Range
from torso.sharing._batched_layers import BatchedLinear
from torso.sharing._checks import check_int, check_number
from torso.sharing._mixed_towers import MixedTowers
from torso.sharing._parameter_rows import ParameterRows
from torso.sharing.cross_stitch import Stitch

__all__ = ["Sluice"]


class Sluice(MixedTowers, name="sluice"):
    """A tower per task, mixed by subspaces after each layer; a task reads a mixture of its layers.

    From Ruder, Bingel, Augenstein, Søgaard, AAAI 2019, "Latent Multi-task Architecture Learning"
    (https://arxiv.org/abs/1705.08142). The `a` of cross-stitch join (tower, subspace) pairs instead of towers. A task
    reads `sum_l b_kl x_kl` over its layers l, at first equally. A penalty keeps subspaces orthogonal:
    `orthogonality * sum_l sum_(s<t) ||G_s' G_t||²`, where `G_s` `[inputs, channels]` are the weights that make
    subspace s (the authors' code lays G out the other way). Each task pays it for its own tower.

    Differs: towers as in `cross_stitch`, where the paper has recurrent layers. All parameters but the last
    unit's and the `b` are shared.

    Args:
        layers: number of layers of each tower, each followed by a mixing unit.
        subspaces: number of equal parts of a tower's channels.
        own: first weight of a subspace for itself; the others share the rest to one.
        orthogonality: weight of the penalty.
    """

    law_settings = ({"level": "trunk"}, {"layers": 1}, {"layers": 3}, {"orthogonality": 0.1})

    def __init__(
        self,
        tasks: Sequence[str],
        dim: int,
        *,
        layers: Annotated[int, Range(1, 4)] = 2,
        subspaces: int = 2,
        own: Annotated[float, Range(0.5, 1.0)] = 0.9,
        orthogonality: Annotated[float, Range(0.0, 1.0)] = 0.0,
        level: Literal["layer", "trunk"] = "layer",
    ) -> None:
        check_number("own", own)
        if dim % check_int("subspaces", subspaces):
            raise ValueError(
                f"Parameter `subspaces` should divide the width {dim}. Found {subspaces}."
            )
        super().__init__(tasks, dim, layers, lambda: Stitch(len(tasks), subspaces, own), level)
        self.subspaces = subspaces
        self.orthogonality = check_number("orthogonality", orthogonality)
        self.reads = ParameterRows(torch.full((layers,), 1.0 / layers) for _ in self.tasks)

    def read(self, stages: Sequence[Tensor]) -> Tensor:
        """Return each task's mixture of its layers."""
        weights = self.reads.stacked().unsqueeze(2)  # [tasks, layers, 1]
        parts = [weights[:, [layer]] * stage for layer, stage in enumerate(stages)]
        return torch.stack(parts).sum(dim=0)

    def penalties(self, trunks: Mapping[str, nn.Module], /) -> Mapping[str, Tensor]:
        """Return each task's penalty for subspaces of its tower that are not orthogonal."""
        del trunks
        if not self.orthogonality:
            return {}
        overlap = torch.stack([self._overlap(layer) for layer in self.layers]).sum(dim=0)
        return dict(zip(self.tasks, self.orthogonality * overlap, strict=True))

    def _overlap(self, layer: nn.Module) -> Tensor:
        """Return `[tasks]`: the sum over pairs of subspaces of the squared norm of their products."""
        assert isinstance(layer, BatchedLinear)
        weight = layer.weight()  # [tasks, channels, inputs]
        products = (weight @ weight.transpose(1, 2)).square()
        parts = (self.subspaces, self.width // self.subspaces)
        blocks = products.view(-1, *parts, *parts).sum(dim=(2, 4))
        return torch.triu(blocks, diagonal=1).sum(dim=(1, 2))

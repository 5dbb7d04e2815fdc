"""Adapters of low rank beside frozen weights, and how they are merged into these once they are trained.

The model that comes out has the parts and shapes of the one that went in.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

__all__ = ["add_adapters", "merge_adapters"]


class LowRank(nn.Module):
    """Adds a matrix of low rank to a weight: zero at first.

    From Hu et al., ICLR 2022, "LoRA: Low-Rank Adaptation of Large Language Models" (https://arxiv.org/abs/2106.09685).
    Differs: the scale is 1, and convolutions have one, too, as matrices `[out, in * kernel]`.

    Args:
        weight: `[out, ...]`.
        rank: of the matrix.
    """

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        outputs, inputs = weight.flatten(1).shape
        self.down = nn.Parameter(torch.randn(rank, inputs).to(weight) * inputs**-0.5)
        self.up = nn.Parameter(weight.new_zeros(outputs, rank))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight with the matrix added."""
        return weight + (self.up @ self.down).view_as(weight)


def add_adapters(model: nn.Module, frozen: Collection[nn.Parameter], rank: int) -> int:
    """Add an adapter to each linear layer and each convolution with a weight in `frozen`; return how many.

    Args:
        model: changed.
        frozen: parameters that stay as they are.
        rank: of an adapter, at most that of the weight.
    """
    known = {id(parameter) for parameter in frozen}
    layers = [
        module
        for module in model.modules()
        if isinstance(module, nn.Linear | nn.modules.conv._ConvNd) and id(module.weight) in known
    ]
    for layer in layers:
        most = min(layer.weight.flatten(1).shape)
        parametrize.register_parametrization(
            layer, "weight", LowRank(layer.weight, min(rank, most))
        )
    return len(layers)


def merge_adapters(model: nn.Module) -> None:
    """Add each adapter to its weight for good, and take it out."""
    for module in [*model.modules()]:
        if not parametrize.is_parametrized(module, "weight"):
            continue
        added = module.get_submodule("parametrizations.weight")
        if any(
            isinstance(part, LowRank) for part in added.children()
        ):  # a model of others may have parametrizations of its own
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)

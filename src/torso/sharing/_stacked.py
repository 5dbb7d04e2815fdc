"""Many small layers side by side, computed as one product: experts, towers, gates, one per task or node.

Every tensor that holds several members has them first: `[members, batch, width]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from torso.sharing._apart import Apart

__all__ = ["Stacked", "Towers"]


class Stacked(nn.Module):
    """`members` linear layers of one shape. Weights are normal with variance `gain² / inputs`, biases 0.

    Members that different tasks own must be different parameters, or one task's gradient would be filed
    under another's (see `Apart`). Biases are flat, so that weight decay, which goes by
    the number of dimensions, spares them.

    Args:
        members: how many.
        inputs: width in.
        outputs: width out.
        apart: whether each member has parameters of its own, or all are one.
        bias: whether there is one.
        gain: 1 keeps the scale; `√2` keeps it before a ReLU.
    """

    def __init__(
        self,
        members: int,
        inputs: int,
        outputs: int,
        *,
        apart: bool = False,
        bias: bool = True,
        gain: float = 1.0,
    ) -> None:
        super().__init__()
        self.members, self.outputs, self.apart = members, outputs, apart
        shape = (outputs, inputs) if apart else (members, outputs, inputs)
        scale = gain / max(inputs, 1) ** 0.5
        copies = members if apart else 1
        self.weights = Apart(torch.randn(shape) * scale for _ in range(copies))
        flat = outputs if apart else members * outputs
        self.biases = Apart(torch.zeros(flat) for _ in range(copies if bias else 0))

    def weight(self) -> Tensor:
        """Return all weights, `[members, outputs, inputs]`."""
        return self.weights.stacked() if self.apart else self.weights[0]

    def forward(self, x: Tensor) -> Tensor:
        """Return `[members, batch, outputs]` from `[batch, inputs]`, the same for all, or `[members, batch, inputs]`."""
        bias = self.biases.joined() if len(self.biases) else None  # [members * outputs]
        if x.ndim == 2:
            weight = self.weights.joined() if self.apart else self.weights[0].flatten(0, 1)
            flat = functional.linear(x, weight, bias)
            return flat.view(x.shape[0], self.members, self.outputs).transpose(0, 1)
        weight = self.weight().transpose(1, 2)
        if bias is None:
            return torch.bmm(x, weight)
        return torch.baddbmm(bias.view(self.members, 1, -1), x, weight)

    def member(self, place: int) -> Iterator[nn.Parameter]:
        """Yield the parameters of one member of those that are apart."""
        assert self.apart
        yield self.weights[place]
        yield from self.biases[place : place + 1]


class Towers(nn.Module):
    """`members` multi-layer perceptrons of one shape, a ReLU after each layer.

    Args:
        members: how many.
        widths: in, and after each layer.
        apart: whether each member has parameters of its own, or all are one.
    """

    def __init__(self, members: int, widths: Sequence[int], *, apart: bool = False) -> None:
        super().__init__()
        self.layers: nn.ModuleList = nn.ModuleList(
            Stacked(members, before, after, apart=apart, gain=2**0.5)
            for before, after in pairwise(widths)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return `[members, batch, width]` from `[batch, inputs]` or `[members, batch, inputs]`."""
        for layer in self.layers:
            x = layer(x).relu()
        return x

    def member(self, place: int) -> Iterator[nn.Parameter]:
        """Yield the parameters of one member of those that are apart."""
        for layer in self.layers:
            assert isinstance(layer, Stacked)
            yield from layer.member(place)
